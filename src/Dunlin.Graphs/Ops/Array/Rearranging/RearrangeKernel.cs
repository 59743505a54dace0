using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Dunlin.Graphs.Plans;

namespace Dunlin.Graphs.Ops;

/// <summary>
/// The dimensions of a rearrangement as rows: the last ones that stay as they are join into a run, and the one before them is cut into
/// stretches of neighbours that stay neighbours, so that whole stretches are copied at once.
/// </summary>
internal sealed class RearrangePlan
{
    private readonly int[][] _outer;
    private readonly long[] _strides;

    public RearrangePlan(Shape input, Shape output, int[][] maps)
    {
        var last = maps.Length - 1;
        var run = 1L;
        while (last >= 0 && input[last] == output[last] && IsSame(maps[last])) run *= input[last--];
        var strides = input.Strides;
        _outer = maps[..Math.Max(last, 0)];
        _strides = strides[..Math.Max(last, 0)];
        Rows = _outer.Aggregate(1L, (n, m) => n * m.Length);
        RowLength = last < 0 ? run : output[last] * run;
        Pieces = last < 0 ? [new(0, 0, run)] : [.. Cut(maps[last], run)];
    }

    /// <summary>How many rows the output has.</summary>
    public long Rows { get; }

    /// <summary>Elements of a row of the output.</summary>
    public long RowLength { get; }

    /// <summary>A row's stretches.</summary>
    public Piece[] Pieces { get; }

    /// <summary>Where the input's part of a row begins, or −1 for a row of blanks.</summary>
    public long Start(long row)
    {
        var start = 0L;
        for (var d = _outer.Length - 1; d >= 0; d--)
        {
            var from = _outer[d][row % _outer[d].Length];
            if (from < 0) return -1;
            start += from * _strides[d];
            row /= _outer[d].Length;
        }
        return start;
    }

    private static bool IsSame(int[] map)
    {
        for (var i = 0; i < map.Length; i++)
            if (map[i] != i) return false;
        return true;
    }

    private static IEnumerable<Piece> Cut(int[] map, long run)
    {
        for (var i = 0; i < map.Length;)
        {
            var length = 1;
            while (i + length < map.Length && (map[i] < 0 ? map[i + length] < 0 : map[i + length] == map[i] + length)) length++;
            yield return new(map[i] < 0 ? -1 : map[i] * run, i * run, length * run);
            i += length;
        }
    }

    /// <summary>Neighbouring elements.</summary>
    /// <param name="From">Where they begin in the input's part of the row; −1 for blanks.</param>
    /// <param name="To">Where they begin in the output's row.</param>
    /// <param name="Length">How many they are.</param>
    internal readonly record struct Piece(long From, long To, long Length);
}

/// <summary>Copies elements to their new places.</summary>
internal sealed unsafe class RearrangeKernel(TensorType input, Shape output, int[][] maps, Dunlin.Tensors.Tensor blank) : ParallelKernel(output.ElementCount)
{
    private readonly RearrangePlan _plan = new(input.Shape, output, maps);
    private readonly int _size = input.Type.Size();
    private readonly byte[] _blank = blank.RawBytes.ToArray();

    public override void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_plan.Rows, worker, workers);
        for (var row = begin; row < end; row++)
        {
            var start = _plan.Start(row);
            var y = Operand<byte>(1) + row * _plan.RowLength * _size;
            if (start < 0) Clear(y, _plan.RowLength);
            else
                foreach (var piece in _plan.Pieces)
                {
                    if (piece.From < 0) Clear(y + piece.To * _size, piece.Length);
                    else Copy(Operand<byte>(0) + (start + piece.From) * _size, y + piece.To * _size, piece.Length);
                }
        }
    }

    private void Copy(byte* from, byte* to, long length)
    {
        // A single element, as in a reversed row, is not worth a call.
        if (length > 1) Buffer.MemoryCopy(from, to, length * _size, length * _size);
        else if (_size == 4) *(int*)to = *(int*)from;
        else if (_size == 8) *(long*)to = *(long*)from;
        else if (_size == 2) *(short*)to = *(short*)from;
        else *to = *from;
    }

    private void Clear(byte* to, long length)
    {
        for (var i = 0L; i < length; i++) _blank.CopyTo(new Span<byte>(to + i * _size, _size));
    }
}

/// <summary>Adds elements where they came from. Several may come from one place, so the work is not shared among threads.</summary>
internal sealed unsafe class ReturnKernel<T>(TensorType input, Shape output, int[][] maps) : ParallelKernel(0) where T : unmanaged, INumber<T>
{
    private readonly RearrangePlan _plan = new(input.Shape, output, maps);

    public override void Execute(int worker, int workers)
    {
        NativeMemory.Clear(Operand<T>(1), (nuint)input.Bytes);
        for (var row = 0L; row < _plan.Rows; row++)
        {
            var start = _plan.Start(row);
            if (start < 0) continue;
            foreach (var piece in _plan.Pieces)
            {
                if (piece.From < 0) continue;
                var dy = Operand<T>(0) + row * _plan.RowLength + piece.To;
                var dx = Operand<T>(1) + start + piece.From;
                if (piece.Length == 1) *dx += *dy;
                else TensorPrimitives.Add(new ReadOnlySpan<T>(dx, checked((int)piece.Length)), new ReadOnlySpan<T>(dy, (int)piece.Length), new Span<T>(dx, (int)piece.Length));
            }
        }
    }
}
