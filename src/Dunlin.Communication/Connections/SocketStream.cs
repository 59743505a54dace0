using System.Net.Sockets;

namespace Dunlin.Communication;

/// <summary>
/// A socket's bytes, read and written by blocking calls of the thread that wants them, with nothing allocated. .NET waits in the kernel as long as a socket has never been used asynchronously, and that is why connecting
/// and accepting are blocking as well.
/// </summary>
internal sealed class SocketStream : Stream
{
    /// <summary>How often a waiting reader looks whether it still may.</summary>
    private const int TickMilliseconds = 250;

    private readonly Socket _socket;
    private readonly int _stallMilliseconds;

    /// <param name="socket">Which this owns.</param>
    /// <param name="stall">How long a transfer under way may stand still.</param>
    public SocketStream(Socket socket, TimeSpan stall)
    {
        (_socket, _stallMilliseconds) = (socket, (int)stall.TotalMilliseconds);
        Prepare(socket);
        socket.ReceiveTimeout = TickMilliseconds;
        socket.SendTimeout = _stallMilliseconds;
    }

    /// <summary>Until when the first byte of what comes next may be waited for, as <see cref="Environment.TickCount64"/>; null within a transfer, which may only stand still for so long.</summary>
    public long? IdleUntil { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Whether the other side has closed, or is gone; while nobody reads.</summary>
    public bool IsBroken
    {
        get
        {
            try { return _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0; }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { return true; }
        }
    }

    /// <summary>
    /// Whether the system has given the connection up, rather than the other side closed it. The error that says so is told once, and .NET knows no difference between it and a read that has waited for as long as it may; but the
    /// connection is then closed (TCP_CLOSE), and not half closed.
    /// </summary>
    private bool IsCut
    {
        get
        {
            const int Tcp = 6, Info = 11, Closed = 7;
            Span<byte> state = stackalloc byte[1];
            try { return OperatingSystem.IsLinux() && _socket.GetRawSocketOption(Tcp, Info, state) == 1 && state[0] == Closed; }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { return false; }
        }
    }

    public override int Read(Span<byte> buffer)
    {
        // TLS asks for nothing first, to wait without a buffer; it may wait with one.
        if (buffer.Length == 0) return 0;
        var until = IdleUntil ?? Environment.TickCount64 + _stallMilliseconds;
        while (true)
        {
            int got;
            SocketError error;
            try { got = _socket.Receive(buffer, SocketFlags.None, out error); }
            catch (ObjectDisposedException e) { throw new ConnectionLostException("the connection was closed here", e); }
            if (error == SocketError.Success) return got > 0 ? got : throw new ConnectionLostException(IsCut ? "no packet was answered: the other machine is gone, or the network to it is cut" : "the other side has closed the connection");
            if (error is not (SocketError.TimedOut or SocketError.WouldBlock or SocketError.Interrupted)) throw new ConnectionLostException(Sentence(error));
            if (Environment.TickCount64 < until) continue;
            throw new ConnectionLostException(IdleUntil is null ? $"nothing more came of a transfer for {_stallMilliseconds / 1000.0:0.#} s" : "no answer came in time");
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            int sent;
            SocketError error;
            try { sent = _socket.Send(buffer, SocketFlags.None, out error); }
            catch (ObjectDisposedException e) { throw new ConnectionLostException("the connection was closed here", e); }
            if (error is SocketError.TimedOut or SocketError.WouldBlock) throw new ConnectionLostException($"the other side took nothing for {_stallMilliseconds / 1000.0:0.#} s");
            if (error != SocketError.Success) throw new ConnectionLostException(Sentence(error));
            buffer = buffer[sent..];
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _socket.Dispose();
        base.Dispose(disposing);
    }

    private static string Sentence(SocketError error) => new SocketException((int)error).Message;

    /// <summary>A cut link shows within ten seconds, whether the connection is idle (keepalive) or has sent something (TCP_USER_TIMEOUT); small frames go at once.</summary>
    private static void Prepare(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 2);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 5);
        const int Tcp = 6, UserTimeout = 18, Milliseconds = 8000;
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(Tcp, UserTimeout, BitConverter.GetBytes(Milliseconds));
    }
}
