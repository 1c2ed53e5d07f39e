package main

import (
	"context"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A client of gRPC without TLS, else with its defaults; the argument is the port.
func main() {
	connection, err := grpc.Dial("127.0.0.1:"+os.Args[1], grpc.WithInsecure())
	if err == nil {
		err = connection.Invoke(context.Background(), "/a/b", &emptypb.Empty{}, &emptypb.Empty{})
	}
	if err != nil {
		log.Fatal(err)
	}
}
