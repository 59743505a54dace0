using System.Globalization;
using Dunlin.Communication;
using Dunlin.Graphs;
using Dunlin.Strategies;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;

namespace Dunlin.Benchmarks;

/// <summary>Steps that compute nothing: a worker pushes a gradient to a parameter server over loopback, which updates by gradient descent, and pulls the weights (Abadi et al., 2016, figure 6). Of tables, 32 rows are pushed.</summary>
internal static class NullStep
{
    private const int Rows = 32, Width = 256;

    /// <summary>Prints a line for each kind.</summary>
    public static void Measure(TextWriter output, int mostMegabytes)
    {
        Line(output, "scalar", [1], sparse: false, 2000);
        Line(output, "dense 100 MB", [25_000_000], sparse: false, 5);
        Line(output, "dense 100 MB, written to a log", [25_000_000], sparse: false, 5, isLogged: true);
        for (var megabytes = 1; megabytes <= mostMegabytes; megabytes *= 16) Line(output, $"32 rows of {megabytes} MB", [megabytes * (1 << 20) / (4 * Width), Width], sparse: true, 10_000);
    }

    private static void Line(TextWriter output, string what, Shape shape, bool sparse, int times, bool isLogged = false)
    {
        using var run = new OneServer(shape, sparse, isLogged);
        var (milliseconds, bytes) = ConnectionCost.Best(run.Step, times);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $$"""{"null_step":"{{what}}","ms":{{milliseconds:F4}},"client_bytes_a_call":{{bytes}}}"""));
    }

    /// <summary>A server with one variable, and a worker.</summary>
    private sealed class OneServer : IDisposable
    {
        private readonly Session _session;
        private readonly ServerHost _host;
        private readonly FrameListener _listener;
        private readonly RemoteChannel _channel;
        private readonly ServerCall _call;
        private readonly string _directory = Directory.CreateTempSubdirectory("dunlin-").FullName;

        public OneServer(Shape shape, bool sparse, bool isLogged)
        {
            var graph = new Graph();
            var variable = graph.AddVariable("w", DType.Float32, shape, Initializers.Zeros);
            var values = graph.Placeholder("g", DType.Float32, sparse ? shape.With(0, Rows) : shape);
            var gradient = sparse ? Gradient.Sparse(graph.Placeholder("rows", DType.Int64, [Rows]), values, variable) : (Gradient)values;
            _session = new Session(graph, new SessionOptions { Kernels = KernelSets.Managed, Threads = 1 });
            var options = new ParameterServerOptions { Processes = new() { Role = ServerProcessRole.Worker, Number = 0, Servers = ["localhost:1"], Token = "of benchmarks only" } };
            var model = new RemoteModel(_session, [(variable, gradient)], Optimizers.Sgd(0.01));
            var served = new ServedModel(model, options, 1);
            var node = served.Build(0);
            _host = new ServerHost(node, new()
            {
                Number = 0,
                Servers = 1,
                Workers = 1,
                Description = served.Description,
                Forms = [sparse ? GradientForm.Rows : GradientForm.Dense],
                UpdatesPerStep = 1,
                Grace = TimeSpan.FromSeconds(10),
                FirstWait = TimeSpan.FromSeconds(10),
                Timeout = TimeSpan.FromSeconds(60),
                Log = _ => { },
            }, isLogged ? new FileLogStorage(Path.Combine(_directory, "server-0.log")) : null);
            var security = new ConnectionSecurity(options.Processes.Token, null);
            _listener = new(new("127.0.0.1", 0), security, TimeSpan.FromSeconds(10), _host.Serve, _ => { });
            _channel = new(new(new("localhost", _listener.Port), security, new(0, 1), TimeSpan.FromSeconds(10)), 0, 0, 1, served, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));
            _channel.Initialize(model, new(0, 0, 0));
            _call = _channel.NewCall();
            _call.Gradients = [sparse ? new(Tensor.Zeros(DType.Float32, [Rows, Width]), Tensor.From(Enumerable.Range(0, Rows).Select(i => (long)i * 31 % shape[0]).ToArray())) : new(Tensor.Zeros(DType.Float32, shape))];
            // Of a table only rows travel.
            if (!sparse) _call.Weights = [Tensor.Zeros(DType.Float32, shape)];
        }

        public void Step()
        {
            _call.Number++;
            _channel.Send(_call);
            _channel.Await(_call);
        }

        public void Dispose()
        {
            _channel.Dispose();
            _listener.Dispose();
            _host.Dispose();
            _session.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }
}
