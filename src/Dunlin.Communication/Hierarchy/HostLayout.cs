using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>Which processes of a run are on which host, and the memory that those of this host share.</summary>
/// <param name="Hosts">How many there are.</param>
/// <param name="PerHost">Processes of each.</param>
/// <param name="Host">This process's, from 0.</param>
/// <param name="Local">This process among those of its host, from 0.</param>
/// <param name="Group">The processes of this host.</param>
/// <param name="Memory">Theirs.</param>
internal sealed record HostLayout(int Hosts, int PerHost, int Host, int Local, ICommunicator Group, HostMemory Memory)
{
    /// <summary>Lets the processes of each host share memory. All processes come here.</summary>
    /// <param name="processes">All of them.</param>
    /// <param name="names">Each one's host.</param>
    /// <returns>Null on all where that is not possible, or the processes of a host do not stand side by side, or hosts have unequal numbers of them.</returns>
    public static HostLayout? Create(ICommunicator processes, IReadOnlyList<string> names)
    {
        string[] hosts = [.. names.Distinct()];
        var perHost = names.Count / hosts.Length;
        var isRegular = names.Select((name, process) => process / perHost < hosts.Length && name == hosts[process / perHost]).All(fits => fits);
        var host = Array.IndexOf(hosts, names[processes.Rank]);
        var group = processes.Split(host, processes.Rank);
        var memory = HostMemory.Join(group);
        var all = processes.AllGatherNumbers(memory is not null && isRegular ? 1 : 0);
        return all.All(good => good == 1) ? new(hosts.Length, perHost, host, group.Rank, group, memory!) : null;
    }

    /// <summary>Makes a group of all ranks of this host. Its processes come here.</summary>
    /// <param name="ranks">How many.</param>
    public HostTeam CreateTeam(int ranks)
    {
        var block = Local == 0 ? HostTeam.Create(Memory, ranks) : default;
        var blocks = Group.AllGatherNumbers(block.Process, block.Offset);
        return new HostTeam(Memory, new((int)blocks[0], (nint)blocks[1]), ranks);
    }
}
