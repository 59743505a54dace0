using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dunlin.Communication;

/// <summary>Where somebody listens.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">From 0, which lets the system choose, to 65535.</param>
internal sealed record Endpoint(string Host, int Port)
{
    /// <summary>Whether it can't be reached from another machine.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Reads host:port; an IPv6 address stands in brackets.</summary>
    /// <exception cref="DunlinException">The text is something else.</exception>
    public static Endpoint Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535)
            return new(text[..colon].Trim('[', ']'), port);
        throw new DunlinException($"'{text}' is no address: expected host:port with a port from 0 to 65535, such as 10.0.0.7:7070.");
    }

    /// <summary>The addresses that it stands for.</summary>
    /// <exception cref="ConnectionLostException">None is known.</exception>
    public IPAddress[] Resolve()
    {
        // To listen on, all of the machine.
        if (Host == "*") return [IPAddress.Any];
        try { return IPAddress.TryParse(Host, out var address) ? [address] : Host == "localhost" ? [IPAddress.Loopback] : Dns.GetHostAddresses(Host); }
        catch (SocketException e) { throw new ConnectionLostException($"the name {Host} is not known ({e.Message})", e); }
    }

    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
