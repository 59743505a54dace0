using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dunlin.Communication;
using Dunlin.Tensors;

namespace Dunlin.Benchmarks;

/// <summary>How fast frames go over loopback: a push is a tensor and an empty answer, a pull an empty request and a tensor. Both ends are threads of this process, with blocking calls.</summary>
internal static class ConnectionCost
{
    private const string Token = "of benchmarks only";

    private static readonly FrameLimits Nothing = new(0);

    /// <summary>Prints a line for each size, plain and with TLS.</summary>
    public static void Measure(TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("dunlin-").FullName;
        try
        {
            var tls = Certificate(directory);
            foreach (var megabytes in new[] { 64, 1 })
                foreach (var encrypted in new[] { false, true })
                {
                    var security = new ConnectionSecurity(Token, encrypted ? tls : null);
                    var tensor = Tensor.Zeros(DType.Float32, [megabytes << 18]);
                    long served = 0;
                    using var listener = new FrameListener(new("127.0.0.1", 0), security, TimeSpan.FromSeconds(10), (connection, _) => Serve(connection, tensor.TensorType, ref served), _ => { });
                    using var client = new FrameConnector(new("localhost", listener.Port), security, new(0, 1), TimeSpan.FromSeconds(10)).Connect(TimeSpan.FromSeconds(5));
                    var rules = new Rules(tensor.TensorType);
                    Tensor[] all = [tensor];
                    void Push()
                    {
                        client.Send(FrameKind.Call, tensors: all);
                        client.Receive(rules);
                    }
                    void Pull()
                    {
                        client.Send(FrameKind.Collect);
                        client.Receive(rules);
                        client.Receive(tensor);
                    }
                    var times = Math.Max(5, 256 / megabytes);
                    var (push, pushed) = Best(Push, times);
                    var (pull, pulled) = Best(Pull, times);
                    var before = Interlocked.Read(ref served);
                    for (var i = 0; i < 10; i++) Push();
                    for (var i = 0; i < 10; i++) Pull();
                    Interlocked.MemoryBarrier();
                    output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $$"""{"mb":{{megabytes}},"tls":{{(encrypted ? "true" : "false")}},"push_gb_s":{{tensor.Bytes / push / 1e6:F2}},"pull_gb_s":{{tensor.Bytes / pull / 1e6:F2}},"push_ms":{{push:F3}},"pull_ms":{{pull:F3}},"client_bytes_a_call":{{(pushed + pulled) / 2}},"server_bytes_a_call":{{(Interlocked.Read(ref served) - before) / 20}}}"""));
                }
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    /// <summary>The least milliseconds of a call over some turns, and the bytes that it allocates.</summary>
    public static (double Milliseconds, long Bytes) Best(Action call, int times, int turns = 9)
    {
        for (var i = 0; i < times; i++) call();
        var least = double.MaxValue;
        long bytes = 0;
        for (var turn = 0; turn < turns; turn++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var begin = Stopwatch.GetTimestamp();
            for (var i = 0; i < times; i++) call();
            least = Math.Min(least, Stopwatch.GetElapsedTime(begin).TotalMilliseconds / times);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / times;
        }
        return (least, bytes);
    }

    private static void Serve(FrameConnection connection, TensorType type, ref long allocated)
    {
        var (tensor, rules) = (Tensor.Zeros(type.Type, type.Shape), new Rules(type));
        Tensor[] all = [tensor];
        while (true)
        {
            Interlocked.Exchange(ref allocated, GC.GetAllocatedBytesForCurrentThread());
            var header = connection.Receive(rules);
            if (header.Kind == FrameKind.Call) connection.Receive(tensor);
            connection.Send(FrameKind.Done, tensors: header.Kind == FrameKind.Collect ? all : default);
        }
    }

    private static TlsOptions Certificate(string directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var tls = new TlsOptions { CertificateFile = Path.Combine(directory, "certificate.pem"), KeyFile = Path.Combine(directory, "key.pem"), Fingerprint = Convert.ToHexString(SHA256.HashData(certificate.RawData)) };
        File.WriteAllText(tls.CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(tls.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return tls;
    }

    private sealed class Rules(TensorType type) : IFrameRules
    {
        private readonly FrameLimits _one = new(0, new TensorLimit(type));

        public FrameLimits? Of(in FrameHeader header) => header.Tensors > 0 ? _one : Nothing;
    }
}
