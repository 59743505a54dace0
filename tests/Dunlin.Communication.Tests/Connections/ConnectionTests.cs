using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dunlin.Tensors;

namespace Dunlin.Communication.Tests;

/// <summary>Connections that carry frames: what goes through, who is let in, and what happens to the others.</summary>
public sealed class ConnectionTests : IDisposable
{
    private const string Token = "a token that tests share";

    private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory, InlineData(false), InlineData(true)]
    public void Tensors_of_all_sizes_go_there_and_back(bool encrypted)
    {
        var tls = encrypted ? Certificate("localhost") : null;
        using var echo = new Echo(Server(tls));
        using var connection = Connect(echo.Port, Client(tls));
        foreach (var size in new[] { 0, 1, 5000, 300_000, 3_000_001 })
        {
            var sent = Tensor.From([.. Enumerable.Range(0, size).Select(i => (float)i)]);
            for (var times = 0; times < 3; times++)
            {
                connection.Send(FrameKind.Call, request: size, tensors: [Tensor.From([7L]), sent]);
                var header = connection.Receive(new Anything(size));
                var (number, got) = (Tensor.Zeros(DType.Int64, [1]), Tensor.Zeros(DType.Float32, [size]));
                connection.Receive(number);
                connection.Receive(got);
                Assert.Equal(size, header.Request);
                Assert.Equal(7, number.ToArray<long>()[0]);
                Assert.True(sent.RawBytes.SequenceEqual(got.RawBytes));
            }
        }
    }

    [Theory, InlineData(1 << 20), InlineData(16)]
    public void In_steady_state_nothing_is_allocated(int size)
    {
        using var echo = new Echo(Server(null));
        using var connection = Connect(echo.Port, Client(null));
        var (number, tensor, rules) = (Tensor.From([7L]), Tensor.Zeros(DType.Float32, [size]), new Anything(size));
        Tensor[] both = [number, tensor];
        void Exchange()
        {
            connection.Send(FrameKind.Call, request: size, tensors: both);
            connection.Receive(rules);
            foreach (var one in both) connection.Receive(one);
        }
        for (var i = 0; i < 50; i++) Exchange();
        var (own, its) = (GC.GetAllocatedBytesForCurrentThread(), echo.Allocated);
        for (var i = 0; i < 20; i++) Exchange();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - own);
        Assert.Equal(0, echo.Allocated - its);
    }

    [Fact]
    public void A_wrong_token_is_refused_on_both_sides_and_others_go_on()
    {
        using var echo = new Echo(Server(null));
        using var good = Connect(echo.Port, Client(null));
        var error = Assert.Throws<RefusedException>(() => Connect(echo.Port, new ConnectionSecurity("another token, as long", null)));
        Assert.Equal("the token is another one than this run's (DUNLIN_TOKEN).", error.Message);
        echo.Says("was refused: the token is another one than this run's (DUNLIN_TOKEN).");
        Works(good);
        Assert.Contains("a token of at least 16 characters, and this one has 5", Assert.Throws<DunlinException>(() => new ConnectionSecurity("short", null)).Message, StringComparison.Ordinal);
        Assert.Contains("and there is none: set DUNLIN_TOKEN", Assert.Throws<DunlinException>(() => new ConnectionSecurity(null, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_has_to_be_the_pinned_one_or_of_the_authority_and_made_out_to_the_name()
    {
        var (own, other) = (Certificate("localhost"), Certificate("elsewhere"));
        using var echo = new Echo(Server(own));
        string Refusal(TlsOptions tls) => Assert.Throws<RefusedException>(() => Connect(echo.Port, new(Token, tls))).Message;
        Works(Connect(echo.Port, new(Token, new() { Fingerprint = FingerprintOf(own) })));
        Works(Connect(echo.Port, new(Token, new() { AuthorityFile = own.CertificateFile })));
        Assert.Contains("its certificate has the fingerprint " + FingerprintOf(own), Refusal(new() { Fingerprint = FingerprintOf(other) }), StringComparison.Ordinal);
        Assert.Contains("does not lead to an authority of", Refusal(new() { AuthorityFile = other.CertificateFile }), StringComparison.Ordinal);
        using var misnamed = new Echo(Server(other));
        Assert.Contains("is not made out to this name but to CN=elsewhere", Assert.Throws<RefusedException>(() => Connect(misnamed.Port, new(Token, new() { AuthorityFile = other.CertificateFile }))).Message, StringComparison.Ordinal);
        // One that does not want TLS.
        var plain = Assert.Throws<ConnectionLostException>(() => Connect(echo.Port, Client(null), seconds: 0.5));
        Assert.Contains("can't be reached", plain.Message, StringComparison.Ordinal);
        Works(Connect(echo.Port, Client(own)));
    }

    [Fact]
    public void One_who_speaks_TLS_to_a_server_without_is_told()
    {
        using var echo = new Echo(Server(null));
        Assert.Contains("can't be reached", Assert.Throws<ConnectionLostException>(() => Connect(echo.Port, Client(Certificate("localhost")), seconds: 0.5)).Message, StringComparison.Ordinal);
        echo.Says("which is TLS, and here is none");
    }

    [Fact]
    public void Beyond_this_machine_nothing_is_sent_in_clear()
    {
        var error = Assert.Throws<DunlinException>(() => new FrameListener(Endpoint.Parse("0.0.0.0:0"), Server(null), TimeSpan.FromSeconds(1), (_, _) => { }, _ => { }));
        Assert.Equal("0.0.0.0:0 can be reached from other machines, so what is sent must be encrypted: give a certificate (TLS), or listen on 127.0.0.1.", error.Message);
        error = Assert.Throws<DunlinException>(() => Connector(Endpoint.Parse("192.0.2.1:7070"), Client(null)).Connect(TimeSpan.FromSeconds(1)));
        Assert.Contains("192.0.2.1:7070 is on another machine, so the connection must be encrypted", error.Message, StringComparison.Ordinal);
        Assert.Contains("expected host:port", Assert.Throws<DunlinException>(() => Endpoint.Parse("localhost")).Message, StringComparison.Ordinal);
        Assert.Contains("Fingerprint is 64 hexadecimal digits", Assert.Throws<InvalidValueException>(() => new TlsOptions { Fingerprint = "12:34" }).Message, StringComparison.Ordinal);
        Assert.Contains("can't be used for TLS", Assert.Throws<DunlinException>(() => new ConnectionSecurity(Token, new() { CertificateFile = "/nowhere.pem" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Strangers_are_refused_and_others_go_on()
    {
        using var echo = new Echo(Server(null));
        using var good = Connect(echo.Port, Client(null));
        var random = new Random(3);
        for (var i = 0; i < 100; i++)
        {
            using var stranger = new TcpClient("127.0.0.1", echo.Port);
            var bytes = new byte[random.Next(1, 500)];
            random.NextBytes(bytes);
            if (i % 3 == 0 && bytes.Length > 4) "DNL\u0001"u8.CopyTo(bytes);
            stranger.GetStream().Write(bytes);
        }
        using (var http = new TcpClient("127.0.0.1", echo.Port))
        {
            http.GetStream().Write(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: here\r\n".PadRight(200)));
            echo.Says("it begins with 47 45 54 20.");
        }
        Works(good);
    }

    [Fact]
    public void Who_does_not_say_who_it_is_does_not_stay()
    {
        using var echo = new Echo(Server(null));
        using var silent = new TcpClient("127.0.0.1", echo.Port);
        var clock = Stopwatch.StartNew();
        // A byte now and then does not help.
        silent.GetStream().Write("D"u8);
        silent.ReceiveTimeout = 15_000;
        Assert.Equal(0, silent.GetStream().Read(new byte[1]));
        Assert.InRange(clock.Elapsed.TotalSeconds, 1, 14);
    }

    /// <summary>The sender waits in the kernel, and is told when nothing moves for too long.</summary>
    [Fact]
    public void One_who_does_not_read_stops_its_sender()
    {
        Exception? failure = null;
        using var ended = new ManualResetEventSlim();
        long allocated = 0;
        using var listener = new FrameListener(Endpoint.Parse("127.0.0.1:0"), Server(null), TimeSpan.FromSeconds(1), (connection, _) =>
        {
            var large = Tensor.Zeros(DType.Float32, [32 << 20]);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try { connection.Send(FrameKind.Done, tensors: [large]); }
            catch (ConnectionLostException e) { failure = e; }
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            ended.Set();
        }, _ => { });
        using var idle = Connect(listener.Port, Client(null));
        Assert.True(ended.Wait(TimeSpan.FromSeconds(20)));
        Assert.Contains("the other side took nothing for 1 s", failure!.Message, StringComparison.Ordinal);
        Assert.True(allocated < 100_000);
    }

    [Fact]
    public void One_who_stops_in_the_middle_is_not_waited_for()
    {
        using var echo = new Echo(Server(null), stall: TimeSpan.FromSeconds(0.5));
        using var stranger = new TcpClient("127.0.0.1", echo.Port);
        stranger.GetStream().Write("DNL\u0001\u0001"u8);
        echo.Says("nothing more came of a transfer for 0.5 s");
    }

    private static void Works(FrameConnection connection)
    {
        connection.Send(FrameKind.Call, tensors: [Tensor.From([7L]), Tensor.From([1f, 2])]);
        connection.Receive(new Anything(2));
        var (number, got) = (Tensor.Zeros(DType.Int64, [1]), Tensor.Zeros(DType.Float32, [2]));
        connection.Receive(number);
        connection.Receive(got);
        Assert.Equal([1f, 2], got.ToArray<float>());
    }

    private static ConnectionSecurity Server(TlsOptions? tls) => new(Token, tls);

    private static ConnectionSecurity Client(TlsOptions? tls) => new(Token, tls is null ? null : new() { AuthorityFile = tls.CertificateFile });

    private static FrameConnector Connector(Endpoint to, ConnectionSecurity security) => new(to, security, new(0, 1), TimeSpan.FromSeconds(5));

    private static FrameConnection Connect(int port, ConnectionSecurity security, double seconds = 5) => Connector(new("localhost", port), security).Connect(TimeSpan.FromSeconds(seconds));

    private static string FingerprintOf(TlsOptions tls) => Convert.ToHexString(SHA256.HashData(X509Certificate2.CreateFromPem(File.ReadAllText(tls.CertificateFile!)).RawData));

    /// <summary>A certificate of its own authority.</summary>
    private TlsOptions Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var tls = new TlsOptions { CertificateFile = Path.Combine(_directory, name + ".pem"), KeyFile = Path.Combine(_directory, name + ".key") };
        File.WriteAllText(tls.CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(tls.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return tls;
    }

    /// <summary>Sends back what it is sent.</summary>
    private sealed class Echo : IDisposable
    {
        private readonly FrameListener _listener;
        private readonly BlockingCollection<string> _log = [];
        private long _allocated;

        public Echo(ConnectionSecurity security, TimeSpan? stall = null) => _listener = new(new("127.0.0.1", 0), security, stall ?? TimeSpan.FromSeconds(5), Serve, _log.Add);

        public int Port => _listener.Port;

        /// <summary>By the thread that serves, until it last waited.</summary>
        public long Allocated => Interlocked.Read(ref _allocated);

        public void Dispose() => _listener.Dispose();

        /// <summary>Waits until it has logged something.</summary>
        public void Says(string what)
        {
            var heard = new List<string>();
            while (_log.TryTake(out var line, TimeSpan.FromSeconds(10)))
            {
                if (line.Contains(what, StringComparison.Ordinal)) return;
                heard.Add(line);
            }
            Assert.Fail($"Not said: {what}\nbut: {string.Join('\n', heard)}");
        }

        private void Serve(FrameConnection connection, Caller caller)
        {
            var rules = new Anything(-1);
            Tensor[]? tensors = null;
            while (true)
            {
                Interlocked.Exchange(ref _allocated, GC.GetAllocatedBytesForCurrentThread());
                var header = connection.Receive(rules);
                var size = connection.Rows[1];
                if (tensors is null || tensors[1].ElementCount != size) tensors = [Tensor.Zeros(DType.Int64, [1]), Tensor.Zeros(DType.Float32, [size])];
                foreach (var tensor in tensors) connection.Receive(tensor);
                connection.Send(header.Kind, header.Flags, header.Request, tensors: tensors);
            }
        }
    }

    /// <summary>A number and a vector.</summary>
    private sealed class Anything(int size) : IFrameRules
    {
        private readonly FrameLimits _limits = new(0, new TensorLimit(new(DType.Int64, [1])), size < 0 ? new(new(DType.Float32, [0]), int.MaxValue) : new TensorLimit(new(DType.Float32, [size])));

        public FrameLimits? Of(in FrameHeader header) => _limits;
    }
}
