using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>The servers of a run whose workers are threads of this process, and where those find each other: worker 0 makes the servers as it begins.</summary>
/// <param name="workers">How many workers there are.</param>
/// <param name="options">Of the strategy.</param>
internal sealed class LocalServers(int workers, ParameterServerOptions options) : IServerGroup, IDisposable
{
    private readonly object _gate = new();
    private LocalServer[]? _servers;
    private IReadOnlyList<ServedVariable> _variables = [];
    private RunPosition _begin;
    private string? _failure;
    private int _left;

    public (IReadOnlyList<IServerChannel> Servers, RunPosition Position) Begin(int worker, RemoteModel model, RunPosition position)
    {
        var variables = ServedVariable.Of(model);
        lock (_gate)
        {
            if (worker == 0)
            {
                (_variables, _begin) = (variables, position);
                _servers = Make(model, position);
                Monitor.PulseAll(_gate);
            }
            while (_servers is null && _failure is null) Monitor.Wait(_gate);
            if (_failure is { } failure) throw new DunlinException(failure);
            if (variables.Zip(_variables).FirstOrDefault(p => p.First != p.Second) is ({ } own, { } served))
                throw new DunlinException($"Worker {worker} learns {own.Name} {own.Type}, where the servers hold {served.Name} {served.Type}: all workers build the same model.");
            return ([.. _servers!.Select(s => s.ChannelOf(worker))], _begin);
        }
    }

    public void Computed() { }

    public void Stop()
    {
        foreach (var server in _servers ?? []) server.With(node => node.Stop());
    }

    public void Leave(int worker)
    {
        foreach (var server in _servers ?? []) server.With(node => node.Leave(worker));
        lock (_gate)
        {
            _left++;
            Monitor.PulseAll(_gate);
        }
    }

    public void AwaitAll()
    {
        lock (_gate)
        {
            while (_left < workers && _failure is null) Monitor.Wait(_gate);
            if (_failure is { } failure) throw new DunlinException(failure);
        }
    }

    /// <summary>Ends the run: nobody waits any more.</summary>
    public void Fail(string reason)
    {
        lock (_gate)
        {
            _failure ??= reason;
            Monitor.PulseAll(_gate);
        }
        foreach (var server in _servers ?? []) server.With(node => node.Fail(reason));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var server in _servers ?? []) server.Dispose();
    }

    private LocalServer[] Make(RemoteModel model, RunPosition position)
    {
        var served = new ServedModel(model, options, workers);
        return [.. Enumerable.Range(0, options.Servers).Select(number => new LocalServer(served.Begin(number, position), number, options.Local.Timeout))];
    }
}
