using System.Buffers.Binary;
using System.Text;
using Dunlin.Tensors;

namespace Dunlin.Communication.Tests;

/// <summary>Whatever bytes come, they are a frame or are refused with a sentence, and nothing is taken for granted that they claim.</summary>
public class FrameFuzzTests
{
    private const int Inputs = 1_000_000;

    private static readonly Rules Expected = new();

    /// <summary>Random bytes, and valid frames with some bits, bytes or lengths changed or their ends cut off.</summary>
    [Fact]
    public void A_million_inputs_give_frames_or_refusals()
    {
        var random = new Random(1);
        byte[][] valid = [Frame(FrameKind.Call, null, Gradient(3)), Frame(FrameKind.Call, null, Gradient(0)), Frame(FrameKind.Join, "variable w Float32[3]"), Frame(FrameKind.Begin, null), Frame(FrameKind.Classes, null, Question(3))];
        foreach (var frame in valid) Assert.Null(Read(frame, out _));
        var buffer = new byte[512];
        var (frames, refusals) = (0, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Inputs; i++)
        {
            var input = Draw(random, valid, buffer);
            var refusal = Read(input, out var header);
            if (refusal is null)
            {
                frames++;
                // What is taken for a frame is within the limits.
                Assert.True(header.HeadBytes <= input.Length - FrameHeader.Size && header.Tensors is 0 or 2 or 3 && header.TextBytes <= 100);
            }
            else
            {
                refusals++;
                Assert.InRange(refusal.Length, 20, 400);
            }
        }
        Assert.True(frames > 1000 && refusals > Inputs / 2, $"{frames} frames, {refusals} refusals");
        // A sentence each, and nothing by what was claimed.
        Assert.True((GC.GetAllocatedBytesForCurrentThread() - before) / Inputs < 2000);
    }

    [Fact]
    public void What_a_frame_claims_is_refused_by_name()
    {
        var frame = Frame(FrameKind.Call, null, Gradient(3));
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(FrameHeader.Size + FrameHeader.DescriptionBytes), 1L << 60);
        Assert.Equal("A frame of kind Call claims a tensor 0 of length 1152921504606846976 in dimension 0, where Float32[5] is expected.", Read(frame, out _));
        frame = Frame(FrameKind.Call, null, Gradient(1000));
        Assert.Equal("A frame of kind Call claims a tensor 1 of length 1000 in dimension 0, where Float32[7, 2] with up to 8 rows is expected.", Read(frame, out _));
        frame = Frame(FrameKind.Call, null);
        Assert.Equal("A frame of kind Call claims 0 tensors, where 3 are expected.", Read(frame, out _));
        frame = Frame(FrameKind.Classes, null, Question(9));
        Assert.Equal("A frame of kind Classes claims a tensor 0 of length 9 in dimension 0, where Float32[0, 4] with up to 8 rows is expected.", Read(frame, out _));
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(FrameHeader.Size + FrameHeader.DescriptionBytes), -1);
        Assert.Equal("A frame of kind Classes claims a tensor 0 of length -1 in dimension 0, where Float32[0, 4] with up to 8 rows is expected.", Read(frame, out _));
        frame[24] = 1;
        Assert.Equal("There is no slice 1.", Read(frame, out _));
        frame = Frame(FrameKind.Join, new string('x', 101));
        Assert.Equal("A frame of kind Join claims 101 bytes of text, where at most 100 are expected.", Read(frame, out _));
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), -1);
        Assert.Equal("A frame of kind Join claims 4294967295 bytes of text, of which there are at most 16777216.", Read(frame, out _));
        Assert.Equal("A frame of kind Farewell is not expected here.", Read(Frame(FrameKind.Farewell, null), out _));
        Assert.Equal("This is no frame of Dunlin: it begins with 47 45 54 20.", Read(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n".PadRight(100)), out _));
        Assert.Contains("which is TLS, and here is none", Read([0x16, 0x03, 0x01, 0x02, .. new byte[100]], out _), StringComparison.Ordinal);
        frame[3] = 9;
        Assert.Contains("speaks version 9 of Dunlin's frames, and this one version 1", Read(frame, out _), StringComparison.Ordinal);
    }

    private static ReadOnlySpan<byte> Draw(Random random, byte[][] valid, byte[] buffer)
    {
        var length = random.Next(buffer.Length);
        if (random.Next(4) == 0)
        {
            random.NextBytes(buffer.AsSpan(0, length));
            // Most of what is random fails at the first byte.
            if (random.Next(2) == 0) "DNL\u0001"u8.CopyTo(buffer);
            return buffer.AsSpan(0, length);
        }
        var frame = valid[random.Next(valid.Length)];
        frame.CopyTo(buffer, 0);
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            var at = random.Next(frame.Length);
            if (random.Next(3) == 0 && at + 8 <= frame.Length)
                BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(at), random.Next(4) switch { 0 => 1L << random.Next(63), 1 => -1, 2 => long.MaxValue, _ => random.Next() });
            else buffer[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : buffer[at] ^ (1 << random.Next(8)));
        }
        return buffer.AsSpan(0, random.Next(4) == 0 ? random.Next(frame.Length + 1) : frame.Length);
    }

    private static string? Read(ReadOnlySpan<byte> bytes, out FrameHeader header) => Frames.Read(bytes, Expected, out header, stackalloc int[3]);

    private static Tensor[] Gradient(int rows) => [Tensor.Zeros(DType.Float32, [5]), Tensor.Zeros(DType.Float32, [rows, 2]), Tensor.Zeros(DType.Int64, [rows])];

    private static Tensor[] Question(int examples) => [Tensor.Zeros(DType.Float32, [examples, 4]), Tensor.Zeros(DType.Int64, [examples])];

    private static byte[] Frame(FrameKind kind, string? text, params Tensor[] tensors)
    {
        var head = Encoding.UTF8.GetBytes(text ?? "").ToList();
        foreach (var tensor in tensors)
        {
            var description = new byte[64];
            head.AddRange(description[..Frames.Describe(tensor, description)]);
        }
        var bytes = new byte[FrameHeader.Size + head.Count];
        new FrameHeader { Kind = kind, Tensors = tensors.Length, TextBytes = text?.Length ?? 0, HeadBytes = head.Count }.Write(bytes);
        head.CopyTo(bytes, FrameHeader.Size);
        return bytes;
    }

    private sealed class Rules : IFrameRules
    {
        private readonly FrameLimits _call = new(0, new TensorLimit(new(DType.Float32, [5])), new TensorLimit(new(DType.Float32, [7, 2]), 8), new TensorLimit(new(DType.Int64, [0]), 8));
        private readonly FrameLimits _classes = new(0, new TensorLimit(new(DType.Float32, [0, 4]), 8), new TensorLimit(new(DType.Int64, [0]), 8));
        private readonly FrameLimits _text = new(100);

        public FrameLimits? Of(in FrameHeader header) => header.Kind switch
        {
            FrameKind.Call => _call,
            FrameKind.Join or FrameKind.Begin => _text,
            FrameKind.Classes => header.Fields[0] == 0 ? _classes : FrameLimits.None($"There is no slice {header.Fields[0]}."),
            _ => null,
        };
    }
}
