using System.Numerics.Tensors;

namespace Dunlin.Training;

/// <summary>The quadratic model of a function around a point, minimised within bounds: one iteration of L-BFGS-B without its line search (Byrd, Lu, Nocedal and Zhu, 1995, sections 4 and 5).</summary>
internal sealed class BoxModel(double[] lower, double[] upper)
{
    private readonly int[] _order = new int[lower.Length];
    private readonly double[] _breaks = new double[lower.Length];
    private readonly double[] _path = new double[lower.Length];
    private readonly bool[] _free = new bool[lower.Length];

    /// <summary>Where the model is least, about: along the bent path of steepest descent to its first local minimum, and from there over the variables that have met no bound.</summary>
    /// <param name="hessian">The guess of the Hessian.</param>
    /// <param name="x">The point, within the bounds.</param>
    /// <param name="gradient">The gradient there.</param>
    /// <param name="target">Takes what was found, within the bounds.</param>
    public void Minimize(CompactHessian hessian, ReadOnlySpan<double> x, ReadOnlySpan<double> gradient, double[] target)
    {
        var moved = FollowPath(hessian, x, gradient, target);
        for (var i = 0; i < _free.Length; i++) _free[i] = target[i] > lower[i] && target[i] < upper[i];
        MinimizeFree(hessian, x, gradient, target, moved);
    }

    /// <summary>Algorithm CP. Returns Wᵀ · (target − x).</summary>
    private double[] FollowPath(CompactHessian hessian, ReadOnlySpan<double> x, ReadOnlySpan<double> gradient, double[] target)
    {
        x.CopyTo(target);
        var count = 0;
        for (var i = 0; i < x.Length; i++)
        {
            var room = gradient[i] < 0 ? (x[i] - upper[i]) / gradient[i] : gradient[i] > 0 ? (x[i] - lower[i]) / gradient[i] : double.PositiveInfinity;
            _path[i] = room > 0 ? -gradient[i] : 0;
            if (room > 0 && gradient[i] != 0) (_breaks[count], _order[count++]) = (room, i);
        }
        Array.Sort(_breaks, _order, 0, count);
        var (columns, theta) = (hessian.Columns, hessian.Theta);
        var p = hessian.Project(_path);
        var (moved, middleMoved, middleP) = (new double[columns], new double[columns], hessian.Middle(p));
        var slope = -TensorPrimitives.SumOfSquares<double>(_path);
        var curvature = -theta * slope - TensorPrimitives.Dot<double>(p, middleP);
        var least = 1e-15 * Math.Max(curvature, double.Epsilon);
        var (at, step) = (0.0, -slope / Math.Max(curvature, least));
        Span<double> row = stackalloc double[columns];
        var next = 0;
        for (; next < count && step >= _breaks[next] - at; next++)
        {
            var (b, dt) = (_order[next], _breaks[next] - at);
            target[b] = gradient[b] < 0 ? upper[b] : lower[b];
            var (g, z) = (gradient[b], target[b] - x[b]);
            hessian.Row(b, row);
            for (var j = 0; j < columns; j++) (moved[j], middleMoved[j]) = (moved[j] + dt * p[j], middleMoved[j] + dt * middleP[j]);
            var middleRow = hessian.Middle(row);
            slope += dt * curvature + g * g + theta * g * z - g * TensorPrimitives.Dot<double>(row, middleMoved);
            curvature -= theta * g * g + 2 * g * TensorPrimitives.Dot<double>(row, middleP) + g * g * TensorPrimitives.Dot<double>(row, middleRow);
            for (var j = 0; j < columns; j++) (p[j], middleP[j]) = (p[j] + g * row[j], middleP[j] + g * middleRow[j]);
            (_path[b], at) = (0, _breaks[next]);
            step = -slope / Math.Max(curvature, least);
        }
        step = next == count && count > 0 && TensorPrimitives.SumOfSquares<double>(_path) == 0 ? 0 : Math.Max(step, 0);
        for (var i = 0; i < x.Length; i++)
            if (_path[i] != 0) target[i] = Math.Clamp(x[i] + (at + step) * _path[i], lower[i], upper[i]);
        for (var j = 0; j < columns; j++) moved[j] += step * p[j];
        return moved;
    }

    /// <summary>The direct primal method: a Newton step of the model over the free variables, cut where it meets a bound.</summary>
    private void MinimizeFree(CompactHessian hessian, ReadOnlySpan<double> x, ReadOnlySpan<double> gradient, double[] target, double[] moved)
    {
        if (hessian.IsEmpty) return;
        var (theta, reduced) = (hessian.Theta, new double[x.Length]);
        for (var i = 0; i < x.Length; i++) reduced[i] = gradient[i] + theta * (target[i] - x[i]);
        hessian.AddTo(reduced, hessian.Middle(moved), -1);
        for (var i = 0; i < x.Length; i++)
            if (!_free[i]) reduced[i] = 0;
        var inner = hessian.SolveFree(_free, hessian.Project(reduced));
        var step = new double[x.Length];
        TensorPrimitives.Multiply(reduced, -1 / theta, step);
        hessian.AddTo(step, inner, -1 / (theta * theta));
        var part = 1.0;
        for (var i = 0; i < x.Length; i++)
        {
            if (!_free[i]) step[i] = 0;
            else if (step[i] > 0) part = Math.Min(part, (upper[i] - target[i]) / step[i]);
            else if (step[i] < 0) part = Math.Min(part, (lower[i] - target[i]) / step[i]);
        }
        for (var i = 0; i < x.Length; i++) target[i] = Math.Clamp(target[i] + part * step[i], lower[i], upper[i]);
    }
}
