using System.Text;
using Dunlin.Tensors;

namespace Dunlin.Communication;

/// <summary>
/// A connection that carries frames, for one thread at a time. Elements go from and to tensors' own memory, and in steady state nothing is allocated. Nothing is kept for later: who sends waits until the kernel has taken it,
/// so a slow reader stops its sender and costs nobody memory.
/// </summary>
internal sealed class FrameConnection : IDisposable
{
    /// <summary>What is small goes through a buffer, in one call with what is before it; what is not goes as it lies, in pieces of that size.</summary>
    private const int BufferBytes = 64 << 10, SmallBytes = 16 << 10, PieceBytes = 1 << 20;

    private readonly SocketStream _socket;
    private readonly Stream _stream;
    private readonly byte[] _in = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private byte[] _head = [];
    private byte[] _out = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private int[] _rows = [];
    private int _begin, _end, _filled;
    private FrameHeader _header;

    /// <param name="socket">The socket's bytes.</param>
    /// <param name="stream">Those, or TLS over them; this owns both.</param>
    /// <param name="peer">How to call the other side.</param>
    public FrameConnection(SocketStream socket, Stream stream, string peer) => (_socket, _stream, Peer) = (socket, stream, peer);

    /// <summary>How to call the other side.</summary>
    public string Peer { get; set; }

    /// <summary>The text of the frame that was received last.</summary>
    public string Text => Encoding.UTF8.GetString(_head.AsSpan(0, _header.TextBytes));

    /// <summary>How long the first dimensions of its tensors are.</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, _header.Tensors);

    /// <summary>Whether the other side is gone; while nothing is received.</summary>
    public bool IsBroken => _begin == _end && _socket.IsBroken;

    /// <summary>Sends a frame.</summary>
    /// <exception cref="ConnectionLostException">The other side is gone, or takes nothing.</exception>
    public void Send(FrameKind kind, byte flags = 0, long request = 0, ReadOnlySpan<long> fields = default, string? text = null, ReadOnlySpan<Tensor> tensors = default)
    {
        var textBytes = text is null ? 0 : Encoding.UTF8.GetByteCount(text);
        var head = textBytes;
        foreach (var tensor in tensors) head += FrameHeader.DescriptionBytes + 8 * tensor.Shape.Rank;
        var header = new FrameHeader { Kind = kind, Flags = flags, Tensors = tensors.Length, TextBytes = textBytes, HeadBytes = head, Request = request };
        for (var i = 0; i < fields.Length; i++) header.Fields[i] = fields[i];
        _filled = FrameHeader.Size + head;
        if (_filled > _out.Length - SmallBytes) _out = GC.AllocateUninitializedArray<byte>(_filled + BufferBytes, pinned: true);
        header.Write(_out);
        if (text is not null) Encoding.UTF8.GetBytes(text, _out.AsSpan(FrameHeader.Size));
        var at = FrameHeader.Size + textBytes;
        foreach (var tensor in tensors) at += Frames.Describe(tensor, _out.AsSpan(at));
        foreach (var tensor in tensors) SendElements(tensor);
        Flush();
    }

    /// <summary>Waits for a frame, and reads all of it but the elements of its tensors, which are to be received next.</summary>
    /// <param name="rules">What is expected; of anything else nothing is read.</param>
    /// <param name="until">How long its first byte may be waited for, as <see cref="Environment.TickCount64"/>.</param>
    /// <exception cref="FrameException">It is no frame, or not one that is expected: the connection is of no more use.</exception>
    /// <exception cref="ConnectionLostException">The other side is gone, or nothing came in time.</exception>
    public FrameHeader Receive(IFrameRules rules, long until = long.MaxValue)
    {
        _socket.IdleUntil = until;
        while (_end - _begin < FrameHeader.Size)
        {
            if (_begin > 0) _in.AsSpan(_begin, _end - _begin).CopyTo(_in);
            (_begin, _end) = (0, _end - _begin);
            _end += Read(_in.AsSpan(_end));
            _socket.IdleUntil = null;
        }
        _socket.IdleUntil = null;
        Refuse(FrameHeader.Read(_in.AsSpan(_begin, FrameHeader.Size), out _header));
        _begin += FrameHeader.Size;
        var limits = rules.Of(_header);
        if (limits is null) Refuse(Frames.Unexpected(_header));
        Refuse(limits!.Refuse(_header));
        if (_head.Length < _header.HeadBytes) _head = GC.AllocateUninitializedArray<byte>(_header.HeadBytes);
        if (_rows.Length < _header.Tensors) _rows = new int[_header.Tensors];
        Fill(_head.AsSpan(0, _header.HeadBytes));
        Refuse(limits.Refuse(_header, _head.AsSpan(0, _header.HeadBytes), _rows));
        return _header;
    }

    /// <summary>Receives the elements of the frame's next tensor.</summary>
    /// <param name="tensor">Of the type and shape that was found.</param>
    public unsafe void Receive(Tensor tensor)
    {
        var (at, left) = (tensor.Address, tensor.Bytes);
        while (left > 0)
        {
            var piece = (int)Math.Min(left, PieceBytes);
            Fill(new Span<byte>((void*)at, piece));
            (at, left) = (at + piece, left - piece);
        }
        GC.KeepAlive(tensor);
    }

    /// <summary>Closes the connection; may be called by any thread, and ends what others wait for on it.</summary>
    public void Dispose()
    {
        _socket.Dispose();
    }

    /// <summary>What fills a part of the buffer is copied there; the rest is received where it belongs.</summary>
    private void Fill(Span<byte> to)
    {
        while (to.Length > 0)
        {
            if (_begin == _end && to.Length >= SmallBytes)
            {
                to = to[Read(to)..];
                continue;
            }
            if (_begin == _end) (_begin, _end) = (0, Read(_in));
            var copied = Math.Min(to.Length, _end - _begin);
            _in.AsSpan(_begin, copied).CopyTo(to);
            _begin += copied;
            to = to[copied..];
        }
    }

    private int Read(Span<byte> to)
    {
        try { return _stream.Read(to) is > 0 and var got ? got : throw new ConnectionLostException("the other side has closed the connection"); }
        catch (Exception e) when (IsLoss(e)) { throw Lost(e); }
    }

    private unsafe void SendElements(Tensor tensor)
    {
        var (at, left) = (tensor.Address, tensor.Bytes);
        if (left < SmallBytes)
        {
            if (_filled + left > _out.Length) Flush();
            new Span<byte>((void*)at, (int)left).CopyTo(_out.AsSpan(_filled));
            _filled += (int)left;
        }
        else
        {
            Flush();
            for (; left > 0; at += PieceBytes, left -= PieceBytes) Write(new ReadOnlySpan<byte>((void*)at, (int)Math.Min(left, PieceBytes)));
        }
        GC.KeepAlive(tensor);
    }

    private void Flush()
    {
        if (_filled > 0) Write(_out.AsSpan(0, _filled));
        _filled = 0;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try { _stream.Write(bytes); }
        catch (Exception e) when (IsLoss(e)) { throw Lost(e); }
    }

    /// <summary>What TLS makes of a connection that is gone.</summary>
    private static bool IsLoss(Exception e) => e is IOException or ObjectDisposedException or InvalidOperationException or System.ComponentModel.Win32Exception;

    /// <summary>TLS says that something failed, and within why.</summary>
    private static ConnectionLostException Lost(Exception e) => new(e.GetBaseException().Message, e);

    private static void Refuse(string? why)
    {
        if (why is not null) throw new FrameException(why);
    }
}
