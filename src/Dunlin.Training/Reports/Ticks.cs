namespace Dunlin.Training.Reports;

/// <summary>Round numbers along an axis.</summary>
/// <param name="Low">The axis's first value, a multiple of the spacing.</param>
/// <param name="High">Its last.</param>
/// <param name="Spacing">1, 2 or 5 times a power of ten.</param>
internal readonly record struct Ticks(double Low, double High, double Spacing)
{
    /// <summary>An axis that covers a range of values with about as many spaces as wanted.</summary>
    public static Ticks Covering(double low, double high, int spaces)
    {
        if (!(high > low)) (low, high) = (low - Math.Max(Math.Abs(low), 1) / 2, low + Math.Max(Math.Abs(low), 1) / 2);
        var rough = (high - low) / spaces;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var spacing = power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        return new Ticks(Math.Floor(low / spacing + 1e-9) * spacing, Math.Ceiling(high / spacing - 1e-9) * spacing, spacing);
    }

    /// <summary>The ticks from low to high.</summary>
    public IEnumerable<double> Values
    {
        get
        {
            for (var i = 0; i <= (int)Math.Round((High - Low) / Spacing); i++) yield return Low + i * Spacing;
        }
    }

    /// <summary>A tick's text: as many decimals as the spacing needs, thousands as k and M where all ticks are such.</summary>
    public string Format(double value)
    {
        if (Math.Abs(value) < Spacing / 2) return "0";
        var (unit, suffix) = Spacing >= 1e6 ? (1e6, "M") : Spacing >= 500 ? (1e3, "k") : (1, "");
        if (Spacing < 1e-5 || Math.Abs(value) >= 1e12) return value.ToString("0.##e0");
        var decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(Spacing / unit) - 1e-9), 0, 9);
        return (value / unit).ToString("F" + decimals) + suffix;
    }
}
