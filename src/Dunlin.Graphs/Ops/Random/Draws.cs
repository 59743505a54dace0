namespace Dunlin.Graphs.Ops;

/// <summary>
/// The random numbers that one element's sample is made of: as many as it asks for, each a function of (key, element, place). Another
/// element has numbers of its own, however many this one needs, so samples do not depend on threads.
/// </summary>
internal ref struct Draws(PhiloxKey key, ulong element)
{
    /// <summary>The element's number has room above for that of the block.</summary>
    private const int BlockBits = 40;

    private ulong _block;
    private ulong _spare;
    private bool _hasSpare;

    /// <summary>64 random bits.</summary>
    public ulong Bits()
    {
        if (_hasSpare)
        {
            _hasSpare = false;
            return _spare;
        }
        var (x0, x1, x2, x3) = Philox.Block(key, element | _block++ << BlockBits);
        _spare = x2 | (ulong)x3 << 32;
        _hasSpare = true;
        return x0 | (ulong)x1 << 32;
    }

    /// <summary>Uniform between 0 and 1, neither of which it is.</summary>
    public double Uniform() => ((Bits() >> 12) + 0.5) * (1.0 / (1L << 52));

    /// <summary>Normally distributed (Box and Muller's cosine).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(Uniform())) * Math.Cos(2 * Math.PI * Uniform());

    /// <summary>Exponentially distributed with mean 1.</summary>
    public double Exponential() => -Math.Log(Uniform());
}
