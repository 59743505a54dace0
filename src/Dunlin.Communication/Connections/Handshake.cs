using System.Globalization;
using System.Security.Cryptography;

namespace Dunlin.Communication;

/// <summary>Who connects.</summary>
/// <param name="Number">Its number among the workers of the run.</param>
/// <param name="Session">Drawn by its process: who comes back with another one has forgotten all.</param>
internal sealed record Caller(int Number, long Session);

/// <summary>
/// How two processes of a run come to trust each other: each draws a number, and shows, by a keyed digest of all that was said, that it knows the token. Who connects does so first, so that a stranger learns nothing that
/// it could try guesses on. Until both have, frames are small.
/// </summary>
internal static class Handshake
{
    private const int MostText = 512;

    private static readonly FrameLimits Small = new(MostText);

    /// <summary>Of who connects.</summary>
    /// <exception cref="RefusedException">The other side does not want it.</exception>
    public static void Connect(FrameConnection connection, ConnectionSecurity security, Caller caller, long until)
    {
        var own = Draw();
        connection.Send(FrameKind.Hello, fields: [caller.Number, caller.Session], text: own);
        Expect(connection, FrameKind.Challenge, until);
        var conversation = Conversation(caller, own, connection.Text);
        connection.Send(FrameKind.Proof, text: security.Proof("worker", conversation));
        Expect(connection, FrameKind.Welcome, until);
        if (!security.IsProof("server", conversation, connection.Text)) throw new RefusedException("who listens there does not know this run's token.");
    }

    /// <summary>Of who listens.</summary>
    /// <exception cref="RefusedException">The other side is none of the run.</exception>
    public static Caller Accept(FrameConnection connection, ConnectionSecurity security, long until)
    {
        try
        {
            var header = Expect(connection, FrameKind.Hello, until);
            var caller = new Caller((int)Math.Clamp(header.Fields[0], int.MinValue, int.MaxValue), header.Fields[1]);
            var (theirs, own) = (connection.Text, Draw());
            connection.Send(FrameKind.Challenge, text: own);
            Expect(connection, FrameKind.Proof, until);
            var conversation = Conversation(caller, theirs, own);
            if (!security.IsProof("worker", conversation, connection.Text)) throw new RefusedException("the token is another one than this run's (DUNLIN_TOKEN).");
            connection.Send(FrameKind.Welcome, text: security.Proof("server", conversation));
            return caller;
        }
        catch (Exception e) when (e is FrameException or RefusedException)
        {
            Refuse(connection, e.Message);
            throw;
        }
    }

    /// <summary>Tells the other side why, as far as it listens.</summary>
    public static void Refuse(FrameConnection connection, string reason, bool mayPass = false)
    {
        try { connection.Send(FrameKind.Refused, flags: mayPass ? (byte)1 : (byte)0, text: reason); }
        catch (ConnectionLostException) { }
    }

    private static FrameHeader Expect(FrameConnection connection, FrameKind kind, long until)
    {
        var header = connection.Receive(new Rules(kind), until);
        return header.Kind == kind ? header : throw new RefusedException(connection.Text, header.Flags != 0);
    }

    private static string Draw() => Convert.ToHexString(RandomNumberGenerator.GetBytes(32));

    private static string Conversation(Caller caller, string worker, string server) => string.Create(CultureInfo.InvariantCulture, $"{FrameHeader.Version}\n{caller.Number}\n{caller.Session}\n{worker}\n{server}");

    private sealed class Rules(FrameKind kind) : IFrameRules
    {
        public FrameLimits? Of(in FrameHeader header) => header.Kind == kind || header.Kind == FrameKind.Refused ? Small : null;
    }
}
