using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>The sentences that name who is at fault.</summary>
internal static class Report
{
    public static string Left(Ticket waiting)
    {
        var team = waiting.Work.Team;
        var gone = waiting.Work.Tickets.First(ticket => !ticket.HasArrived && team.HasLeft(ticket.Rank));
        return $"{Capital(team.Name(gone.Rank))} has left the group while {team.Name(waiting.Rank)} waits in {waiting.Call}. " +
            "Every rank must make the same calls before it ends.";
    }

    public static string TimedOut(Ticket waiting)
    {
        var team = waiting.Work.Team;
        var missing = waiting.Work.Tickets.Where(ticket => !ticket.HasArrived).Select(ticket => team.LastDone(ticket.Rank)).ToArray();
        var culprits = missing.Length > 0
            ? $"These have not come: {string.Join("; ", missing)}."
            : "All ranks have come, but another rank has not finished its part of the work.";
        return $"{Capital(team.Name(waiting.Rank))} waited {team.World.Options.Timeout.TotalSeconds:0.###} s in {waiting.Call}. {culprits}";
    }

    public static string Mismatch(Ticket a, Ticket b)
    {
        var (first, second) = a.Rank < b.Rank ? (a, b) : (b, a);
        var team = a.Work.Team;
        return $"Mismatched calls: {team.Name(first.Rank)} called {first.Call}, {team.Name(second.Rank)} called {second.Call}. " +
            "All ranks must make the same calls in the same order, with equal types and counts.";
    }

    public static string SharedMemory(Ticket a, Ticket b)
    {
        var (first, second) = a.Rank < b.Rank ? (a, b) : (b, a);
        var team = a.Work.Team;
        return $"{Capital(team.Name(first.Rank))} and {team.Name(second.Rank)} passed overlapping memory to {first.Call}. Give each rank a tensor of its own.";
    }

    public static string Unmatched(Ticket send, Ticket receive) =>
        $"{Capital(send.Work.Team.Name(send.Rank))} called {send.Call}, but {send.Work.Team.Name(receive.Rank)} called {receive.Call}. Counts and types must be equal.";

    public static bool Overlap(CommBuffer a, CommBuffer b) =>
        a.Count > 0 && b.Count > 0 && a.Address < b.Address + (nint)b.Bytes && b.Address < a.Address + (nint)a.Bytes;

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
