using System.Diagnostics.CodeAnalysis;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>What a group of processes and all groups split from it share: the first failure, and who is told of it.</summary>
internal sealed class ProcessWorld
{
    private readonly WatchClient _watch;
    private string? _reason;

    public ProcessWorld(int id, WatchClient watch, ClusterOptions options)
    {
        (Id, _watch, Options) = (id, watch, options);
        watch.Add(this);
    }

    public int Id { get; }

    public ClusterOptions Options { get; }

    /// <summary>The first reason, or null.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    public bool Failed => Volatile.Read(ref _reason) is not null;

    public void Tell(WatchMessage message) => _watch.Tell(message);

    /// <inheritdoc cref="WatchClient.HasAgreed"/>
    public bool HasAgreed(string group, string key) => _watch.HasAgreed(group, key);

    /// <summary>Fails on this process and tells the others; of several reasons the first stays.</summary>
    public void Fail(string reason)
    {
        if (!Hear(reason)) return;
        _watch.Tell(new FailNotice(Id, reason));
    }

    /// <summary>Takes what another process has found.</summary>
    /// <returns>Whether it is the first reason.</returns>
    public bool Hear(string reason) => Interlocked.CompareExchange(ref _reason, reason, null) is null;

    /// <summary>Gives the watch a second to say why something went wrong: it knows who, and MPI does not.</summary>
    public void AwaitReason()
    {
        for (var i = 0; i < 1000 && !Failed; i++) Backoff.Sleep(1000);
    }

    public void ThrowIfFailed()
    {
        if (Failed) Throw();
    }

    [DoesNotReturn]
    public void Throw() => throw new CommunicationException(_reason!);
}
