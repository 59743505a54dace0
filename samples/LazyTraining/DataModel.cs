namespace Dunlin.Samples.LazyTraining;

/// <summary>
/// What is to be learnt from x in ℝᵈ: a diagonal matrix M = diag(<see cref="Spectrum"/>) stands behind it. Diagonal is general: the law of
/// the first weights and that of x (for the mixture after whitening) do not change with a rotation.
/// </summary>
/// <remarks>
/// A net of these is a quadratic function f(x) = ⟨x, A x⟩ + c. With the best c, the risk over a class of matrices A depends on one number,
/// what the class captures: max ⟨A, M⟩² / ⟨A, H A⟩ over the class, where H A = A + <see cref="Coupling"/> · M A M.
/// </remarks>
/// <param name="Spectrum">The eigenvalues of M, d of them.</param>
public abstract record DataModel(double[] Spectrum)
{
    /// <summary>The dimension d.</summary>
    public int Size => Spectrum.Length;

    /// <summary>‖M‖², the squared Frobenius norm.</summary>
    public double SquaredNorm => Spectrum.Sum(m => m * m);

    /// <summary>t = (tr M)² / (d‖M‖²), in [0, 1]: how much of M is a multiple of the identity.</summary>
    public double Isotropy => Math.Pow(Spectrum.Sum(), 2) / (Size * SquaredNorm);

    /// <summary>What M adds to H.</summary>
    public abstract double Coupling { get; }

    /// <summary>The trace of the best A, roughly: the scale that full training starts from.</summary>
    public abstract double TraceOfBest { get; }

    /// <summary>The least risk over a class, as a share of the risk of the best constant.</summary>
    /// <param name="captured">What the class captures.</param>
    public abstract double Risk(double captured);

    /// <summary>The risk of ⟨x, A x⟩ with the best constant, as a share of the risk of the best constant alone.</summary>
    /// <param name="a">A, symmetric, row by row.</param>
    public abstract double Risk(double[,] a);

    /// <summary>Eigenvalues for a spectrum as published: exponentially distributed with mean 1, over √d. In one draw t is about 1/2 and ‖M‖² about 2.</summary>
    public static double[] ExponentialSpectrum(int size, ulong seed)
    {
        var uniform = new double[size];
        Tensors.Philox.FillUniform(uniform, new(seed, Tensors.PhiloxKey.StreamOf("spectrum")));
        return [.. uniform.Select(u => -Math.Log(1 - u) / Math.Sqrt(size))];
    }
}

/// <summary>Model 1: x ~ N(0, I) and y = ⟨x, B x⟩ − tr B. The risk of 0 is 2‖B‖², that of A is 2‖A − B‖².</summary>
public sealed record QuadraticFunction(double[] Spectrum) : DataModel(Spectrum)
{
    public override double Coupling => 0;

    public override double TraceOfBest => Spectrum.Sum();

    public override double Risk(double captured) => 1 - captured / SquaredNorm;

    public override double Risk(double[,] a)
    {
        var sum = 0.0;
        for (var i = 0; i < Size; i++)
            for (var j = 0; j < Size; j++) sum += Math.Pow(a[i, j] - (i == j ? Spectrum[i] : 0), 2);
        return sum / SquaredNorm;
    }
}

/// <summary>
/// Model 2: y is 1 or −1, as a coin falls, and x ~ N(0, I + yΔ). The risk of 0 is 1, that of A is (1 − ⟨A, Δ⟩)² + 2⟨A, A + ΔAΔ⟩. A mixture
/// of N(0, Σ + yΔ) is this one in the coordinates Σ^(−1/2) x, with Δ replaced by Σ^(−1/2) Δ Σ^(−1/2).
/// </summary>
public sealed record GaussianMixture : DataModel
{
    /// <summary>Checks that both components exist.</summary>
    /// <exception cref="DunlinException">An eigenvalue of Δ is not between −1 and 1.</exception>
    public GaussianMixture(double[] spectrum) : base(spectrum)
    {
        if (spectrum.Any(m => !(Math.Abs(m) < 1)))
            throw new DunlinException($"I + Δ and I − Δ have to be positive definite, so that Δ's eigenvalues lie between −1 and 1; one is {spectrum.MaxBy(Math.Abs):g3}. Take a larger dimension.");
    }

    public override double Coupling => 1;

    public override double TraceOfBest => Spectrum.Sum(m => m / (1 + m * m)) / (2 + Spectrum.Sum(m => m * m / (1 + m * m)));

    public override double Risk(double captured) => 1 / (1 + captured / 2);

    public override double Risk(double[,] a)
    {
        var (inner, square) = (0.0, 0.0);
        for (var i = 0; i < Size; i++)
        {
            inner += a[i, i] * Spectrum[i];
            for (var j = 0; j < Size; j++) square += a[i, j] * a[i, j] * (1 + Spectrum[i] * Spectrum[j]);
        }
        return (1 - inner) * (1 - inner) + 2 * square;
    }
}
