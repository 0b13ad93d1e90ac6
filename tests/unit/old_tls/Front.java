// TLS of Java on loopback before a plain HTTP server: what comes in by TLS is passed on, and what is answered, back.
// java Front.java KEYSTORE PASSPHRASE ADDRESS BACKEND-PORT {PORT PROTOCOL SUITE}...; says "ready" when all listen.
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Security;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

public class Front {
    public static void main(String[] arguments) throws Exception {
        // What Java has, and does not offer by itself.
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.tls.legacyAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");
        char[] passphrase = arguments[1].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(arguments[0])) {
            store.load(file, passphrase);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, passphrase);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        InetAddress address = InetAddress.getByName(arguments[2]);
        int backend = Integer.parseInt(arguments[3]);
        for (int at = 4; at < arguments.length; at += 3) {
            int port = Integer.parseInt(arguments[at]);
            SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 64, address);
            listener.setEnabledProtocols(new String[] {arguments[at + 1]});
            listener.setEnabledCipherSuites(new String[] {arguments[at + 2]});
            new Thread(() -> serve(listener, address, backend)).start();
        }
        System.out.println("ready");
        System.in.read();
        System.exit(0);
    }

    private static void serve(SSLServerSocket listener, InetAddress address, int backend) {
        while (true) {
            try {
                SSLSocket client = (SSLSocket) listener.accept();
                new Thread(() -> pass(client, address, backend)).start();
            } catch (Exception ended) {
                return;
            }
        }
    }

    private static void pass(SSLSocket client, InetAddress address, int backend) {
        try (client) {
            client.startHandshake();
            try (Socket server = new Socket(address, backend)) {
                Thread back = new Thread(() -> copy(server, client));
                back.start();
                copy(client, server);
                back.join();
            }
        } catch (Exception broken) {
            // A probe hangs up in the middle of a handshake.
        }
    }

    private static void copy(Socket from, Socket to) {
        try {
            InputStream input = from.getInputStream();
            OutputStream output = to.getOutputStream();
            byte[] piece = new byte[16384];
            for (int count = input.read(piece); count > 0; count = input.read(piece)) {
                output.write(piece, 0, count);
                output.flush();
            }
        } catch (Exception broken) {
            // The other side has gone.
        }
        try {
            to.close();
            from.close();
        } catch (Exception broken) {
            // It was closed before.
        }
    }
}
