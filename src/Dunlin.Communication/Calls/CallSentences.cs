using System.Globalization;

namespace Dunlin.Communication;

/// <summary>The sentences about calls that name who is at fault, the same for ranks that are threads and ranks that are processes.</summary>
internal static class CallSentences
{
    public static string Mismatch(CallNotice a, CallNotice b)
    {
        var (first, second) = a.Rank < b.Rank ? (a, b) : (b, a);
        return Mismatch(first.Who, first.Call, second.Who, second.Call);
    }

    public static string Mismatch(string first, string firstCall, string second, string secondCall) =>
        $"Mismatched calls: {first} called {firstCall}, {second} called {secondCall}. All ranks must make the same calls in the same order, with equal types and counts.";

    public static string Unmatched(CallNotice send, CallNotice receive) => Unmatched(send.Who, send.Call, receive.Who, receive.Call);

    public static string Unmatched(string sender, string send, string receiver, string receive) =>
        $"{Capital(sender)} called {send}, but {receiver} called {receive}. Counts and types must be equal.";

    public static string Left(string gone, WaitState wait) => Left(gone, wait.Who, wait.Call);

    public static string Left(string gone, string waiting, string call) =>
        $"{Capital(gone)} has left the group while {waiting} waits in {call}. Every rank must make the same calls before it ends.";

    public static string TimedOut(WaitState wait, IReadOnlyList<string> missing) => TimedOut(wait.Who, wait.Milliseconds / 1000.0, wait.Call, missing);

    public static string TimedOut(string who, double seconds, string call, IReadOnlyList<string> missing) =>
        string.Create(CultureInfo.InvariantCulture, $"{Capital(who)} waited {seconds:0.###} s in {call}. ")
        + (missing.Count > 0 ? $"These have not come: {string.Join("; ", missing)}." : "All ranks have come, but another rank has not finished its part of the work.");

    public static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
