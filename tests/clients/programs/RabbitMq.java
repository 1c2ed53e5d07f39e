import com.rabbitmq.client.ConnectionFactory;

/** A client of AMQP 0-9-1, with its defaults; the argument is the port. */
class RabbitMq {
  public static void main(String[] args) throws Exception {
    new ConnectionFactory() {{ setPort(Integer.parseInt(args[0])); }}.newConnection();
  }
}
