using System.Security.Cryptography;
using Dunlin.Communication;
using Dunlin.Tensors.Collectives;
using Dunlin.Training;

namespace Dunlin.Strategies;

/// <summary>The servers of a run as a worker reaches them that is a process. Server 0 also knows when all workers have ended.</summary>
/// <param name="workers">How many workers there are.</param>
/// <param name="options">Of the strategy.</param>
internal sealed class RemoteGroup(int workers, ParameterServerOptions options) : IServerGroup, IDisposable
{
    /// <summary>How long a transfer may stand still.</summary>
    public static readonly TimeSpan Stall = TimeSpan.FromSeconds(30);

    private readonly ServerProcesses _processes = options.Processes!;
    private readonly long _session = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) | 1;
    private RemoteChannel[] _channels = [];

    public (IReadOnlyList<IServerChannel> Servers, RunPosition Position) Begin(int worker, RemoteModel model, RunPosition position)
    {
        var served = new ServedModel(model, options, workers);
        var given = _processes.Meeting is null ? new ConnectionSecurity(_processes.Token, _processes.Tls) : null;
        var channels = new List<RemoteChannel>();
        try
        {
            foreach (var address in _processes.Servers)
                channels.Add(new(new FrameConnector(Endpoint.Parse(address), given ?? _processes.Meeting!.Of(channels.Count, _processes.Token), new(worker, _session), Stall), worker, channels.Count, _processes.Servers.Count, served, _processes.Reconnect, options.Local.Timeout) { Log = _processes.Log });
        }
        catch
        {
            foreach (var channel in channels) channel.Dispose();
            throw;
        }
        _channels = [.. channels];
        // The first server last: when it has weights, all have.
        if (worker == 0)
            foreach (var channel in _channels.Reverse()) channel.Initialize(model, position);
        return (_channels, _channels.Select(c => c.Begin()).ToList()[0]);
    }

    public void Computed() { }

    public void Stop()
    {
        foreach (var channel in _channels) channel.Tell(FrameKind.Stop);
    }

    public void Leave(int worker)
    {
        foreach (var channel in _channels.Where(c => !c.HasFailed))
        {
            // One that is lost waits for nobody.
            try { channel.Tell(FrameKind.Leave); }
            catch (CommunicationException) { }
        }
    }

    public void AwaitAll() => _channels[0].Tell(FrameKind.AwaitAll);

    /// <summary>Ends the run for all.</summary>
    public void Fail(string reason)
    {
        foreach (var channel in _channels.Where(c => !c.HasFailed))
        {
            // It has failed already, and that is what is to be told.
            try { channel.Tell(FrameKind.Fail, reason.Length > 2000 ? reason[..2000] : reason); }
            catch (CommunicationException) { }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var channel in _channels)
        {
            channel.Part();
            channel.Dispose();
        }
    }
}
