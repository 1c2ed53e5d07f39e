import com.jcraft.jsch.JSch;
import com.jcraft.jsch.Session;

/** A client of SSH that takes any host's key, else with its defaults; the argument is the port. */
class Jsch {
  public static void main(String[] args) throws Exception {
    Session session = new JSch().getSession("ann", "127.0.0.1", Integer.parseInt(args[0]));
    session.setPassword("secret");
    session.setConfig("StrictHostKeyChecking", "no");
    session.connect();
  }
}
