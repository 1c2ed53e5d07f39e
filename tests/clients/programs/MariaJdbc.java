import java.sql.DriverManager;

/** A client of MySQL and MariaDB, with its defaults; the argument is the port. */
class MariaJdbc {
  public static void main(String[] args) throws Exception {
    DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + args[0] + "/shop", "ann", "secret");
  }
}
