// A TLS server of Java on loopback: `java Server.java PORT KEYSTORE PASSPHRASE-FILE`. It answers every request with "ok".
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Security;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

public class Server {
    public static void main(String[] arguments) throws Exception {
        // What Java has and does not offer by itself: TLS 1.0 and 1.1, and suites of their age.
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.tls.legacyAlgorithms", "");
        char[] passphrase = Files.readString(Path.of(arguments[2])).toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(arguments[1])) {
            store.load(file, passphrase);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, passphrase);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        int port = Integer.parseInt(arguments[0]);
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 64, loopback);
        listener.setEnabledProtocols(new String[] {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"});
        listener.setEnabledCipherSuites(listener.getSupportedCipherSuites());
        while (true) {
            SSLSocket connection = (SSLSocket) listener.accept();
            new Thread(() -> answer(connection)).start();
        }
    }

    private static void answer(SSLSocket connection) {
        try (connection) {
            connection.setSoTimeout(10_000);
            if (connection.getInputStream().read(new byte[16_384]) > 0) {
                connection.getOutputStream().write("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes());
            }
        } catch (Exception broken) {
            // A scanner hangs up in the middle of a handshake.
        }
    }
}
