using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// An element-wise operation whose operands broadcast along dimensions: a tile function along the innermost stretch in which every
/// operand either moves with the output or stands still, inside loops over the rest.
/// </summary>
internal sealed unsafe class BroadcastKernel : Kernel, IParallelWork
{
    private const long ParallelWork = 64 * 1024;

    private readonly TileFunction _function;
    private readonly int _inputs;
    private readonly int[] _lengths;
    private readonly long[][] _strides;
    private readonly int[] _sizes;
    private readonly bool[] _repeat;
    private readonly bool[] _moves;
    private readonly long _rows;
    private readonly bool _parallel;
    private nint* _buffers;

    public BroadcastKernel(Elementwise operation, IReadOnlyList<TensorType> inputs, TensorType output)
    {
        _inputs = inputs.Count;
        var dimensions = Collapse(inputs, output);
        _lengths = [.. dimensions.Select(d => d.Length)];
        _strides = [.. Enumerable.Range(0, _inputs).Select(i => dimensions.Select(d => d.Strides[i]).ToArray())];
        _sizes = [.. inputs.Select(i => i.Type.Size()), output.Type.Size()];
        _moves = [.. _strides.Select(s => s[^1] != 0)];
        bool[] still = [.. _moves.Select(m => !m)];
        DType[] types = [.. inputs.Select(i => i.Type)];
        _function = operation.Tile(types, still) ?? operation.Tile(types, new bool[_inputs])!;
        _repeat = operation.Tile(types, still) is null ? still : new bool[_inputs];
        _rows = output.Shape.ElementCount == 0 ? 0 : output.Shape.ElementCount / _lengths[^1];
        _parallel = output.Shape.ElementCount >= ParallelWork && _rows > 1;
    }

    public override void Run(nint* buffers, ThreadTeam threads)
    {
        _buffers = buffers;
        if (_parallel && threads.Size > 1) threads.Run(this);
        else Execute(0, 1);
    }

    public void Execute(int worker, int workers)
    {
        var (begin, end) = ThreadTeam.Share(_rows, worker, workers);
        var outer = _lengths.Length - 1;
        var index = stackalloc int[outer + 1];
        var operands = stackalloc nint[8];
        var repeated = stackalloc byte[TileFunction.MaxLength * 8 * 3];
        for (var row = begin; row < end; row++)
        {
            var rest = row;
            for (var d = outer - 1; d >= 0; d--)
            {
                index[d] = (int)(rest % _lengths[d]);
                rest /= _lengths[d];
            }
            for (var i = 0; i < _inputs; i++)
            {
                var offset = 0L;
                for (var d = 0; d < outer; d++) offset += index[d] * _strides[i][d];
                operands[i] = _buffers[i] + (nint)(offset * _sizes[i]);
                if (!_repeat[i]) continue;
                var tile = (nint)(repeated + i * TileFunction.MaxLength * 8);
                TileKernel.Repeat(operands[i], tile, _sizes[i]);
                operands[i] = tile;
            }
            operands[_inputs] = _buffers[_inputs] + (nint)(row * _lengths[^1] * _sizes[_inputs]);
            for (var at = 0; at < _lengths[^1]; at += TileFunction.MaxLength)
            {
                var length = Math.Min(TileFunction.MaxLength, _lengths[^1] - at);
                _function.Run(operands, length);
                for (var i = 0; i < _inputs; i++)
                    if (_moves[i]) operands[i] += length * _sizes[i];
                operands[_inputs] += length * _sizes[_inputs];
            }
        }
    }

    /// <summary>The output's dimensions with each input's stride, neighbours merged where every operand passes through them alike.</summary>
    private static List<(int Length, long[] Strides)> Collapse(IReadOnlyList<TensorType> inputs, TensorType output)
    {
        var rank = output.Shape.Rank;
        var result = new List<(int Length, long[] Strides)>();
        for (var d = 0; d < rank; d++)
        {
            var length = output.Shape[d];
            if (length == 1 && rank > 1) continue;
            var strides = inputs.Select(i => Stride(i.Shape, d - (rank - i.Shape.Rank))).ToArray();
            if (result.Count > 0 && Enumerable.Range(0, inputs.Count).All(i => result[^1].Strides[i] == strides[i] * length))
                result[^1] = (result[^1].Length * length, strides);
            else
                result.Add((length, strides));
        }
        if (result.Count == 0) result.Add((1, new long[inputs.Count]));
        return result;
    }

    private static long Stride(Shape shape, int dimension) => dimension < 0 || shape[dimension] == 1 ? 0 : shape.Strides[dimension];
}
