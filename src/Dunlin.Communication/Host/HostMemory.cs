using System.Security.Cryptography;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>The shared memory of all processes of this host, as this process sees it. A place in it is the same to all: a process and an offset.</summary>
internal sealed unsafe class HostMemory
{
    private readonly SharedMemory[] _processes;
    private readonly int _own;

    private HostMemory(SharedMemory[] processes, int own)
    {
        (_processes, _own) = (processes, own);
        Pool = new(processes[own]);
    }

    /// <summary>Lets the processes of a host see each other's memory.</summary>
    /// <param name="processes">All of them are on this host, and all come here.</param>
    /// <returns>Null on all of them where one can't.</returns>
    public static HostMemory? Join(ICommunicator processes)
    {
        var own = SharedMemory.Create();
        // Numbers of processes and files mean something else in another container: the memory itself says whose it is.
        var mark = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8));
        if (own is not null) *(long*)own.Address = mark;
        var all = processes.AllGatherNumbers(Environment.ProcessId, own?.File ?? -1, mark);
        var seen = new SharedMemory?[processes.Size];
        for (var p = 0; p < seen.Length; p++)
        {
            seen[p] = p == processes.Rank ? own : all[3 * p + 1] < 0 ? null : SharedMemory.Open((int)all[3 * p], (int)all[3 * p + 1]);
            if (seen[p] is { } other && *(long*)other.Address != all[3 * p + 2]) seen[p] = null;
        }
        var good = processes.AllGatherNumbers(seen.All(s => s is not null) ? 1 : 0);
        return good.All(g => g == 1) ? new([.. seen.Select(s => s!)], processes.Rank) : null;
    }

    public SharedPool Pool { get; }

    /// <summary>Whether memory lies where the others reach it.</summary>
    public bool IsShared(nint address, long bytes) => _processes[_own].Contains(address, bytes);

    /// <summary>The place of an address of this process.</summary>
    public Place PlaceOf(nint address) => new(_own, address - _processes[_own].Address);

    /// <summary>Where this process sees a place.</summary>
    public nint AddressOf(Place place) => _processes[place.Process].Address + place.Offset;
}

/// <summary>A place in shared memory.</summary>
/// <param name="Process">Whose memory.</param>
/// <param name="Offset">Bytes from its beginning.</param>
internal readonly record struct Place(int Process, nint Offset);
