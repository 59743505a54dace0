using Dunlin.Graphs;
using Dunlin.Tensors;

namespace Dunlin.Training;

/// <summary>Normal numbers, made orthogonal by the Gram-Schmidt process; twice, which removes the rounding errors of the first pass.</summary>
internal sealed record OrthogonalFill(double Gain) : Initializer
{
    public override void Fill(Tensor target, ulong seed, ulong stream)
    {
        if (target.Shape.Rank < 2) throw new ShapeException($"An orthogonal start takes at least two dimensions, not {target.Shape}.");
        var (rows, columns) = (target.Shape[0], checked((int)target.Shape[1..].ElementCount));
        var matrix = new double[checked(rows * columns)];
        Philox.FillNormal(matrix, new PhiloxKey(seed, (uint)stream, (uint)(stream >> 32)));
        // The shorter side gives the vectors: as many as the space has room for.
        var (count, step, length, stride) = rows <= columns ? (rows, columns, columns, 1) : (columns, 1, rows, columns);
        for (var i = 0; i < count; i++)
        {
            for (var pass = 0; pass < 2; pass++)
                for (var j = 0; j < i; j++) Add(i, j, -Dot(i, j));
            var norm = Math.Sqrt(Dot(i, i));
            for (var k = 0; k < length; k++) matrix[i * step + k * stride] /= norm;
        }
        foreach (ref var x in matrix.AsSpan()) x *= Gain;
        Elements.Write(target, 0, matrix);

        double Dot(int a, int b)
        {
            var sum = 0.0;
            for (var k = 0; k < length; k++) sum += matrix[a * step + k * stride] * matrix[b * step + k * stride];
            return sum;
        }

        void Add(int to, int from, double factor)
        {
            for (var k = 0; k < length; k++) matrix[to * step + k * stride] += factor * matrix[from * step + k * stride];
        }
    }
}
