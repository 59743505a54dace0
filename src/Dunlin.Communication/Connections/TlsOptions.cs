namespace Dunlin.Communication;

/// <summary>How connections of parameter servers are encrypted, and how those who connect know whom they reach. Connections that leave the machine always are.</summary>
public sealed record TlsOptions
{
    /// <summary>Of who listens: a PEM file with its certificate, and after it those that lead to its authority.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Of who listens: a PEM file with the certificate's private key; in <see cref="CertificateFile"/> unless set.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Of who connects: a PEM file with the authorities that it trusts. The certificate must then also be made out to the name or address that is connected to.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Of who connects: the SHA-256 of the one certificate that it trusts, as 64 hexadecimal digits, with or without colons; a self-signed one will do, whatever it is made out to.</summary>
    /// <exception cref="InvalidValueException">The value is no such thing.</exception>
    public string? Fingerprint
    {
        get;
        init
        {
            var digits = value?.Replace(":", "", StringComparison.Ordinal).ToUpperInvariant();
            field = digits is null ? null : Require.That(nameof(TlsOptions), digits, digits.Length == 64 && digits.All(char.IsAsciiHexDigit), "64 hexadecimal digits", nameof(Fingerprint));
        }
    }
}
