using System.Runtime.Intrinsics.X86;
using Dunlin.Graphs.Ops;
using Dunlin.Tensors.Kernels;

namespace Dunlin.Graphs.Plans;

/// <summary>
/// A product of two matrices and element-wise operations on it: a weight gradient and the optimiser's update, say. A block of the product is used while it is in the
/// cache, and the product itself is never written. Inputs: the product's two operands, then the element-wise operations' but the product. Made by
/// <see cref="Passes.FuseUpdates"/> only.
/// </summary>
/// <param name="Product">The product.</param>
/// <param name="Then">What is computed from it.</param>
/// <param name="Place">The product's place among the inputs of <paramref name="Then"/>.</param>
internal sealed record ProductThenElementwise(MatMul Product, FusedElementwise Then, int Place) : Operation
{
    public override string Name => $"{Product.Name}+{Then.Name}";

    public override TensorType[] Infer(IReadOnlyList<TensorType> inputs) => Then.Infer([]);

    public override long Flops(IReadOnlyList<TensorType> inputs, IReadOnlyList<TensorType> outputs) => Product.Flops([.. inputs.Take(2)], Product.Infer([.. inputs.Take(2)]));

    public override Kernel Prepare(PrepareContext context)
    {
        var spec = Product.Spec(context.Inputs, bias: false, Activation.None);
        var inputs = context.Inputs.Skip(2).ToList();
        inputs.Insert(Place, new(spec.Type, Shape.Of(spec.M, spec.N)));
        return new BlockKernel(ProductBlocks.Of(spec)!, Then.Program(inputs, context.Outputs), Place, spec.M, spec.N, context.Threads);
    }

    private sealed unsafe class BlockKernel : Kernel, IParallelWork
    {
        private readonly ProductBlocks _product;
        private readonly TileProgram _program;
        private readonly int _place, _rows, _columns;
        private nint* _buffers;

        public BlockKernel(ProductBlocks product, TileProgram program, int place, int rows, int columns, ThreadTeam threads)
        {
            (_product, _program, _place, _rows, _columns) = (product, program, place, rows, columns);
            ScratchBytes = threads.Size * (product.ScratchBytes + program.TemporaryBytes);
        }

        public override bool CanOverwrite(int input, int output) => input >= 2 && _program.MayOverwrite(input - 2 < _place ? input - 2 : input - 1, output);

        public override void Run(nint* buffers, ThreadTeam threads)
        {
            _buffers = buffers;
            threads.Run(this);
        }

        /// <summary>Asks for what the next row will read: its beginning is nothing that the processor could guess from this one.</summary>
        private void PrefetchBelow(nint* start, ReadOnlySpan<TileProgram.Register> registers, int externals, long at, int count)
        {
            if (!Sse.IsSupported) return;
            for (var r = 0; r < externals; r++)
            {
                if (r == _place || registers[r].IsScalar) continue;
                var line = (byte*)start[r] + at * registers[r].ElementSize;
                for (var end = line + count * registers[r].ElementSize; line < end; line += 64) Sse.Prefetch1(line);
            }
        }

        public void Execute(int worker, int workers)
        {
            var (down, across) = ((_rows + _product.Rows - 1) / _product.Rows, (_columns + _product.Columns - 1) / _product.Columns);
            var (begin, end) = ThreadTeam.Share((long)down * across, worker, workers);
            if (begin >= end) return;
            var registers = _program.Registers;
            var externals = _program.Externals;
            var scratch = _buffers[externals + 1] + worker * (nint)(_product.ScratchBytes + _program.TemporaryBytes);
            var operands = stackalloc nint[externals];
            for (var r = 0; r < externals; r++) operands[r] = r == _place ? scratch : _buffers[r < _place ? r + 2 : r + 1];
            var start = stackalloc nint[registers.Length];
            var addresses = stackalloc nint[registers.Length];
            _program.Place(operands, 0, scratch + (nint)_product.ScratchBytes, start);
            // Blocks below each other share the second operand's columns.
            for (var block = begin; block < end; block++)
            {
                var (row, column) = ((int)(block % down) * _product.Rows, (int)(block / down) * _product.Columns);
                _product.Compute(_buffers[0], _buffers[1], row, column, scratch);
                var (rows, columns) = (Math.Min(_product.Rows, _rows - row), Math.Min(_product.Columns, _columns - column));
                for (var i = 0; i < rows; i++)
                    for (var j = 0; j < columns; j += TileFunction.MaxLength)
                    {
                        var at = (long)(row + i) * _columns + column + j;
                        if (i + 1 < rows) PrefetchBelow(start, registers, externals, at + _columns, Math.Min(TileFunction.MaxLength, columns - j));
                        for (var r = 0; r < registers.Length; r++)
                            addresses[r] = r >= externals || registers[r].IsScalar ? start[r] : start[r] + (nint)(r == _place ? (long)i * _product.Columns + j : at) * registers[r].ElementSize;
                        _program.Run(addresses, Math.Min(TileFunction.MaxLength, columns - j));
                    }
            }
        }
    }
}
