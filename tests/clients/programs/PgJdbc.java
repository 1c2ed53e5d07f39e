import java.sql.DriverManager;

/** A client of PostgreSQL, with its defaults; the argument is the port. */
class PgJdbc {
  public static void main(String[] args) throws Exception {
    DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + args[0] + "/shop", "ann", "secret");
  }
}
