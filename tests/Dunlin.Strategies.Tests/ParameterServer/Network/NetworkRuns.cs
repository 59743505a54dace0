using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Dunlin.Tensors;
using Dunlin.Tensors.Kernels;
using Dunlin.Training;
using Dunlin.Training.Data;
using Dunlin.Training.Layers;

namespace Dunlin.Strategies.Tests;

/// <summary>Runs whose servers and workers are "processes": each has a trainer of its own, and they meet over loopback; whether they share a process they can't know.</summary>
internal static class NetworkRuns
{
    public const string Token = "a token that tests share";

    /// <summary>Addresses that nobody listens on.</summary>
    public static string[] FreeAddresses(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        foreach (var socket in sockets) socket.Start();
        string[] addresses = [.. sockets.Select(s => $"127.0.0.1:{((IPEndPoint)s.LocalEndpoint).Port}")];
        foreach (var socket in sockets) socket.Stop();
        return addresses;
    }

    /// <summary>A small model: a table of words, whose gradients are rows, and a matrix.</summary>
    public static TrainingResult Train(ITrainingStrategy strategy, Func<TrainerOptions, TrainerOptions>? with = null, Optimizer? optimizer = null, int classes = 10, CancellationToken stop = default)
    {
        var model = new Sequential(new Embedding(60, 6), new Flatten(), new Tanh(), new Linear(classes));
        var data = new InMemoryDataset(
            Column.Of("words", Tensor.From(Enumerable.Range(0, 23 * 4).Select(i => (long)(i * i % 47)).ToArray(), [23, 4])), Column.Of("class", Tensor.From(Enumerable.Range(0, 23).Select(i => (long)(i % 10)).ToArray())));
        var options = new TrainerOptions { Epochs = 3, BatchSize = 10, Seed = 5, Strategy = strategy, Kernels = KernelSets.Managed, ThreadsPerWorker = 1 };
        return new Trainer(new(model, Losses.SoftmaxCrossEntropy, optimizer ?? Optimizers.Adam(0.01), Metrics.Accuracy), with?.Invoke(options) ?? options).Fit(data, data, stop);
    }

    /// <summary>A strategy as one of the processes has it.</summary>
    public static ParameterServer Member(string[] servers, int workers, ServerProcessRole role, int number, ServerProtocol? protocol = null, Func<ServerProcesses, ServerProcesses>? with = null, TimeSpan? timeout = null)
    {
        var processes = new ServerProcesses { Role = role, Number = number, Servers = servers, Token = Token, Reconnect = TimeSpan.FromSeconds(20), Grace = TimeSpan.FromSeconds(1) };
        return new(workers, new() { Protocol = protocol ?? new ServerProtocol.Synchronous(), Processes = with?.Invoke(processes) ?? processes, Local = new() { Timeout = timeout ?? TimeSpan.FromSeconds(60) } });
    }

    /// <summary>Runs all at once; the results of servers and then of workers, or what they failed with.</summary>
    public static IReadOnlyList<(TrainingResult? Result, Exception? Error)> All(params IReadOnlyList<Func<TrainingResult>> members)
    {
        var results = new (TrainingResult?, Exception?)[members.Count];
        var threads = members.Select((member, i) => new Thread(() =>
        {
            try { results[i] = (member(), null); }
            catch (Exception e) { results[i] = (null, e); }
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) Assert.True(thread.Join(TimeSpan.FromSeconds(100)), "A member of the run hangs.");
        return results;
    }

    /// <summary>A whole run; the result of worker 0.</summary>
    public static TrainingResult Run(int servers, int workers, ServerProtocol protocol, Func<TrainerOptions, TrainerOptions>? with = null, Func<ServerProcesses, ServerProcesses>? processes = null, Optimizer? optimizer = null)
    {
        var addresses = FreeAddresses(servers);
        var results = All(
        [
            .. Enumerable.Range(0, servers).Select(s => (Func<TrainingResult>)(() => Train(Member(addresses, workers, ServerProcessRole.Server, s, protocol, processes), optimizer: optimizer))),
            .. Enumerable.Range(0, workers).Select(w => (Func<TrainingResult>)(() => Train(Member(addresses, workers, ServerProcessRole.Worker, w, protocol, processes), o => w == 0 && with is not null ? with(o) : o, optimizer))),
        ]);
        foreach (var (_, error) in results) Assert.True(error is null, $"{error}");
        return results[servers].Result!;
    }

    /// <summary>What servers and workers say.</summary>
    public sealed class Log
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public void Add(string line) => _lines.Enqueue(line);

        public string Text => string.Join('\n', _lines);
    }
}
