namespace Dunlin.Graphs.Ops;

/// <summary>
/// Prefix beam search over one sequence (Graves and Jaitly, 2014): the label sequences of highest probability so far, each with the log
/// probabilities of its paths that end in a blank and in its last label. The sequences are nodes of a tree, one for each, so that paths meet.
/// Holds its own memory; searching allocates nothing.
/// </summary>
internal sealed class CtcBeam
{
    private const int None = -1;

    private readonly int _width;
    private readonly int _blank;
    private readonly Node[] _nodes;
    private Entry[] _beam;
    private Entry[] _next;
    private int _count;
    private int _kept;
    private int _made;

    public CtcBeam(int width, int steps, int blank)
    {
        (_width, _blank) = (width, blank);
        _nodes = new Node[1 + (long)width * steps];
        (_beam, _next) = (new Entry[width], new Entry[width]);
    }

    /// <summary>How many sequences there are.</summary>
    public int Count => _count;

    /// <summary>Begins with the empty sequence.</summary>
    public void Begin()
    {
        _nodes[0] = new() { Parent = None, Label = None, Child = None, Sibling = None, Place = 0 };
        _beam[0] = new(0, None, 0, double.NegativeInfinity);
        (_count, _made) = (1, 1);
    }

    /// <summary>Goes on by one step, given its log probabilities.</summary>
    public void Step(ReadOnlySpan<double> x)
    {
        _kept = 0;
        for (var i = 0; i < _count; i++) Offer(Stay(_beam[i], x));
        for (var i = 0; i < _count; i++)
        {
            // The best that an extension can reach; the beam is sorted, so what follows reaches less.
            if (_kept == _width && _beam[i].Total <= _next[_kept - 1].Total) break;
            for (var c = 0; c < x.Length; c++)
                if (c != _blank && !InBeam(_beam[i].Node, c)) Offer(new(_beam[i].Node, c, double.NegativeInfinity, Extension(_beam[i], c, x)));
        }
        Keep();
    }

    /// <summary>The log probability of one sequence, by rank, and its labels.</summary>
    /// <param name="rank">0 for the most probable.</param>
    /// <param name="labels">Receives the labels; at least as long as there were steps.</param>
    public (double LogProbability, int Length) Read(int rank, Span<long> labels)
    {
        var length = 0;
        for (var node = _beam[rank].Node; _nodes[node].Parent != None; node = _nodes[node].Parent) labels[length++] = _nodes[node].Label;
        labels[..length].Reverse();
        return (_beam[rank].Total, length);
    }

    private Entry Stay(Entry entry, ReadOnlySpan<double> x)
    {
        var node = _nodes[entry.Node];
        if (node.Parent == None) return new(entry.Node, None, entry.Total + x[_blank], double.NegativeInfinity);
        var ends = entry.InLabel + x[node.Label];
        if (_nodes[node.Parent].Place != None) ends = LogSpace.Add(ends, Extension(_beam[_nodes[node.Parent].Place], node.Label, x));
        return new(entry.Node, None, entry.Total + x[_blank], ends);
    }

    /// <summary>Log P of the sequence with one more label: after the same label only by way of a blank.</summary>
    private double Extension(Entry entry, int label, ReadOnlySpan<double> x) => x[label] + (_nodes[entry.Node].Label == label ? entry.InBlank : entry.Total);

    private bool InBeam(int node, int label)
    {
        for (var child = _nodes[node].Child; child != None; child = _nodes[child].Sibling)
            if (_nodes[child].Label == label) return _nodes[child].Place != None;
        return false;
    }

    /// <summary>Puts a candidate in its place among the best; of equal ones, the earlier stays first.</summary>
    private void Offer(Entry candidate)
    {
        var total = candidate.Total;
        if (double.IsNegativeInfinity(total) || (_kept == _width && total <= _next[_kept - 1].Total)) return;
        var at = _kept == _width ? _kept - 1 : _kept++;
        for (; at > 0 && _next[at - 1].Total < total; at--) _next[at] = _next[at - 1];
        _next[at] = candidate;
    }

    private void Keep()
    {
        for (var i = 0; i < _count; i++) _nodes[_beam[i].Node].Place = None;
        for (var i = 0; i < _kept; i++)
        {
            var node = _next[i].Extended == None ? _next[i].Node : Child(_next[i].Node, _next[i].Extended);
            _next[i] = new(node, None, _next[i].InBlank, _next[i].InLabel);
            _nodes[node].Place = i;
        }
        (_beam, _next, _count) = (_next, _beam, _kept);
    }

    private int Child(int node, int label)
    {
        for (var child = _nodes[node].Child; child != None; child = _nodes[child].Sibling)
            if (_nodes[child].Label == label) return child;
        _nodes[_made] = new() { Parent = node, Label = label, Child = None, Sibling = _nodes[node].Child, Place = None };
        return _nodes[node].Child = _made++;
    }

    private struct Node
    {
        public int Parent, Label, Child, Sibling;

        /// <summary>Where it stands in the beam.</summary>
        public int Place;
    }

    /// <summary>A sequence, or one with a label more that has no node yet.</summary>
    private readonly struct Entry(int node, int extended, double inBlank, double inLabel)
    {
        public readonly int Node = node, Extended = extended;
        public readonly double InBlank = inBlank, InLabel = inLabel, Total = LogSpace.Add(inBlank, inLabel);
    }
}
