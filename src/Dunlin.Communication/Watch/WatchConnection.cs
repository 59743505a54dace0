using System.Net.Sockets;
using Dunlin.Tensors.Collectives;

namespace Dunlin.Communication;

/// <summary>One end of a connection that carries <see cref="WatchMessage"/>s. Any thread may send; one receives.</summary>
internal sealed class WatchConnection(Socket socket) : IDisposable
{
    /// <summary>Far more than a message takes: a stranger who sends no line ends must not fill the memory.</summary>
    private const int MostBytes = 1 << 20;

    private readonly Lock _sending = new();
    private byte[] _buffer = new byte[4096];
    private int _filled;

    public Socket Socket { get; } = socket;

    /// <summary>Sends a message, or says that the other side is gone.</summary>
    public bool Send(WatchMessage message)
    {
        var line = WatchJson.Line(message);
        try
        {
            lock (_sending)
                for (var sent = 0; sent < line.Length;) sent += Socket.Send(line.AsSpan(sent));
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Takes what has come: all whole messages. Call when the socket is readable.</summary>
    /// <returns>False if the other side has closed, or sends what it should not.</returns>
    public bool Receive(Action<WatchMessage> take)
    {
        try
        {
            if (_filled == _buffer.Length) Array.Resize(ref _buffer, 2 * _buffer.Length);
            if (_buffer.Length > MostBytes) return false;
            var got = Socket.Receive(_buffer.AsSpan(_filled));
            if (got == 0) return false;
            _filled += got;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
        var begin = 0;
        while (_buffer.AsSpan(begin, _filled - begin).IndexOf((byte)'\n') is >= 0 and var length)
        {
            if (WatchJson.Parse(_buffer.AsSpan(begin, length)) is not { } message) return false;
            begin += length + 1;
            take(message);
        }
        _buffer.AsSpan(begin, _filled - begin).CopyTo(_buffer);
        _filled -= begin;
        return true;
    }

    public void Dispose() => Socket.Dispose();

    /// <summary>Sockets on which a broken network shows in seconds; what waits to be sent must not wait for more.</summary>
    public static Socket Prepare(Socket socket, TimeSpan silence)
    {
        socket.NoDelay = true;
        socket.SendTimeout = (int)silence.TotalMilliseconds;
        return socket;
    }

    /// <summary>Connects to the first address that answers.</summary>
    /// <exception cref="CommunicationException">None does.</exception>
    public static Socket Connect(IReadOnlyList<string> addresses, int port, TimeSpan timeout)
    {
        List<string> tried = [];
        foreach (var address in addresses)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            using var deadline = new CancellationTokenSource(timeout);
            try
            {
                socket.ConnectAsync(address, port, deadline.Token).AsTask().GetAwaiter().GetResult();
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                tried.Add($"{address}: {(e is SocketException ? e.Message : "no answer")}");
                socket.Dispose();
            }
        }
        throw new CommunicationException($"Rank 0 can't be reached on port {port} ({string.Join("; ", tried)}). A firewall between the hosts must let processes of one run connect.");
    }
}
