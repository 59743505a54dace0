namespace Dunlin.Communication;

/// <summary>The sentences that name who is at fault.</summary>
internal static class Report
{
    public static string Left(Ticket waiting)
    {
        var team = waiting.Work.Team;
        var gone = waiting.Work.Tickets.First(ticket => !ticket.HasArrived && team.HasLeft(ticket.Rank));
        return CallSentences.Left(team.Name(gone.Rank), team.Name(waiting.Rank), waiting.Call.ToString());
    }

    public static string TimedOut(Ticket waiting)
    {
        var team = waiting.Work.Team;
        var missing = waiting.Work.Tickets.Where(ticket => !ticket.HasArrived).Select(ticket => team.LastDone(ticket.Rank)).ToArray();
        return CallSentences.TimedOut(team.Name(waiting.Rank), team.World.Options.Timeout.TotalSeconds, waiting.Call.ToString(), missing);
    }

    public static string Mismatch(Ticket a, Ticket b)
    {
        var (first, second) = a.Rank < b.Rank ? (a, b) : (b, a);
        var team = a.Work.Team;
        return CallSentences.Mismatch(team.Name(first.Rank), first.Call.ToString(), team.Name(second.Rank), second.Call.ToString());
    }

    public static string SharedMemory(Ticket a, Ticket b)
    {
        var (first, second) = a.Rank < b.Rank ? (a, b) : (b, a);
        var team = a.Work.Team;
        return $"{CallSentences.Capital(team.Name(first.Rank))} and {team.Name(second.Rank)} passed overlapping memory to {first.Call}. Give each rank a tensor of its own.";
    }

    public static string Unmatched(Ticket send, Ticket receive) =>
        CallSentences.Unmatched(send.Work.Team.Name(send.Rank), send.Call.ToString(), send.Work.Team.Name(receive.Rank), receive.Call.ToString());
}
