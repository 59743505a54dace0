using Dunlin.Graphs.Ops;
using Dunlin.Tensors;

namespace Dunlin.Training.Layers;

/// <summary>How a window's input is padded: by given numbers on both sides of each dimension, or by a rule.</summary>
public readonly struct Padding
{
    private readonly Sizes _sizes;
    private readonly bool _same;

    private Padding(Sizes sizes, bool same) => (_sizes, _same) = (sizes, same);

    /// <summary>None: the window stays within the input.</summary>
    public static Padding Valid => 0;

    /// <summary>As much as makes the output's length the input's divided by the stride, rounded up; an odd element goes to the end (as in TensorFlow).</summary>
    public static Padding Same => new(0, same: true);

    /// <summary>So much on both sides of each dimension.</summary>
    public static implicit operator Padding(int padding) => new(padding, same: false);

    /// <summary>So much above and below, and left and right.</summary>
    public static implicit operator Padding((int Height, int Width) padding) => new(padding, same: false);

    /// <summary>So much on both sides of depth, height and width.</summary>
    public static implicit operator Padding((int Depth, int Height, int Width) padding) => new(padding, same: false);

    /// <summary>The sliding window over an input [N, C, S…].</summary>
    /// <exception cref="ShapeException">The rule needs a spatial length that is not known.</exception>
    internal Sliding Over(Shape input, Shape window, Shape strides, Shape dilations, int groups = 1)
    {
        if (!_same)
        {
            var padding = _sizes.Expand(window.Rank, nameof(Padding), "padding", 0);
            return new(strides, padding, padding, dilations, groups);
        }
        Span<int> begin = stackalloc int[window.Rank], end = stackalloc int[window.Rank];
        for (var d = 0; d < window.Rank; d++)
        {
            var (length, reach) = (input[d + 2], dilations[d] * (window[d] - 1));
            if (length == Shape.Unknown && strides[d] > 1) throw new ShapeException($"padding 'same' with stride {strides[d]} needs known spatial lengths, got {input}; give the padding as a number.");
            // With stride 1 the rule does not depend on the length.
            var total = strides[d] == 1 ? reach : Math.Max(0, (length - 1) / strides[d] * strides[d] + reach + 1 - length);
            begin[d] = total / 2;
            end[d] = total - begin[d];
        }
        return new(strides, Shape.Create(begin), Shape.Create(end), dilations, groups);
    }

    /// <summary>
    /// That of a transposed convolution, and what is to be added at the ends of its output: by the rule "same" the output's lengths are the input's times the stride.
    /// </summary>
    internal (Sliding Sliding, Shape OutputPadding) Transposed(Shape window, Shape strides, Shape dilations, Shape outputPadding, int groups)
    {
        if (!_same)
        {
            var padding = _sizes.Expand(window.Rank, nameof(Padding), "padding", 0);
            return (new(strides, padding, padding, dilations, groups), outputPadding);
        }
        Span<int> begin = stackalloc int[window.Rank], end = stackalloc int[window.Rank], extra = stackalloc int[window.Rank];
        for (var d = 0; d < window.Rank; d++)
        {
            var total = dilations[d] * (window[d] - 1) + 1 - strides[d];
            (begin[d], extra[d]) = (Math.Max(0, total) / 2, Math.Max(0, -total));
            end[d] = Math.Max(0, total) - begin[d];
        }
        return (new(strides, Shape.Create(begin), Shape.Create(end), dilations, groups), Shape.Create(extra));
    }
}
