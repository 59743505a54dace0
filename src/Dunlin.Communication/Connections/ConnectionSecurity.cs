using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dunlin.Communication;

/// <summary>Who may take part in a run: those who know its token, over TLS where the connection leaves the machine. The token itself never travels.</summary>
internal sealed class ConnectionSecurity
{
    /// <summary>Shorter ones can be guessed by trying.</summary>
    public const int LeastToken = 16;

    private readonly byte[] _token;
    private readonly TlsOptions? _tls;
    private readonly SslStreamCertificateContext? _own;
    private readonly X509Certificate2Collection _authorities = [];

    /// <param name="token">What only processes of the run know.</param>
    /// <param name="tls">Certificates; null where there are none.</param>
    /// <param name="own">Of who listens: its certificate and key, where they are in no file.</param>
    /// <exception cref="DunlinException">The token is too short, or a file can't be used.</exception>
    public ConnectionSecurity(string? token, TlsOptions? tls, X509Certificate2? own = null)
    {
        if (token is null || token.Length < LeastToken)
            throw new DunlinException($"Processes of a run know each other by a token of at least {LeastToken} characters, {(token is null ? "and there is none" : $"and this one has {token.Length}")}: set DUNLIN_TOKEN, to what `openssl rand -hex 16` prints for example, to the same on all.");
        (_token, _tls) = (Encoding.UTF8.GetBytes(token), tls);
        if (own is not null) _own = SslStreamCertificateContext.Create(own, null, offline: true);
        if (tls?.CertificateFile is { } file) _own = Load(file, () => SslStreamCertificateContext.Create(Certificate(file, tls.KeyFile), Chain(file), offline: true));
        if (tls?.AuthorityFile is { } trusted) Load<object?>(trusted, () => { _authorities.ImportFromPemFile(trusted); return null; });
    }

    /// <summary>A certificate for one run, with a key that never leaves this process; the others know it by its fingerprint.</summary>
    public static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // Whoever trusts a fingerprint looks at nothing else of it.
        return new CertificateRequest("CN=a server of one run of dunlin", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
    }

    /// <summary>The SHA-256 by which a certificate is known.</summary>
    public static string FingerprintOf(X509Certificate2 certificate) => Convert.ToHexString(SHA256.HashData(certificate.RawDataMemory.Span));

    /// <summary>What one side proves that it knows the token with.</summary>
    /// <param name="side">Which side, so that what one says is no proof of the other's.</param>
    /// <param name="conversation">All that was said before, with a drawn number of each side.</param>
    public string Proof(string side, string conversation) => Convert.ToHexString(HMACSHA256.HashData(_token, Encoding.UTF8.GetBytes($"{side}\n{conversation}")));

    /// <summary>Whether a proof is one; takes the same time however much of it is right.</summary>
    public bool IsProof(string side, string conversation, string proof) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Proof(side, conversation)), Encoding.UTF8.GetBytes(proof));

    /// <summary>Refuses to listen where others could read what is sent.</summary>
    /// <exception cref="DunlinException">The address is no loopback, and there is no certificate.</exception>
    public void CheckListening(Endpoint at)
    {
        if (_own is null && !at.IsLoopback)
            throw new DunlinException($"{at} can be reached from other machines, so what is sent must be encrypted: give a certificate (TLS), or listen on 127.0.0.1.");
    }

    /// <summary>Refuses to connect where others could read what is sent, or where it is not known who answers.</summary>
    /// <exception cref="DunlinException">The address is no loopback, and there is nothing to check a certificate with.</exception>
    public void CheckConnecting(Endpoint to)
    {
        if (!IsChecking && !to.IsLoopback)
            throw new DunlinException($"{to} is on another machine, so the connection must be encrypted and the other side's certificate checked: give the file of its authority, or the certificate's SHA-256 fingerprint.");
    }

    /// <summary>Puts TLS over an accepted connection, where there is a certificate.</summary>
    public Stream Accepted(SocketStream socket)
    {
        if (_own is null) return socket;
        var tls = new SslStream(socket, leaveInnerStreamOpen: false);
        Authenticate(() => tls.AuthenticateAsServer(new SslServerAuthenticationOptions { ServerCertificateContext = _own, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 }), "it does not speak TLS, or does not trust this certificate");
        return tls;
    }

    /// <summary>Puts TLS over a connection that was made, where there is something to check the other side's certificate with.</summary>
    public Stream Connected(SocketStream socket, Endpoint to)
    {
        if (!IsChecking) return socket;
        string? why = null;
        var tls = new SslStream(socket, leaveInnerStreamOpen: false);
        Authenticate(() => tls.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = to.Host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => (why = Refuse(certificate, chain, errors)) is null,
        }), "it does not speak TLS", () => why);
        return tls;
    }

    private bool IsChecking => _tls is { AuthorityFile: not null } or { Fingerprint: not null };

    private string? Refuse(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null) return "it has no certificate";
        var shown = (X509Certificate2)certificate;
        var fingerprint = FingerprintOf(shown);
        if (_tls!.Fingerprint is { } pinned)
            return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(pinned), Encoding.ASCII.GetBytes(fingerprint)) ? null : $"its certificate has the fingerprint {fingerprint}, and {pinned} is expected";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return $"its certificate is not made out to this name but to {shown.Subject}";
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>()) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(shown) ? null : $"its certificate ({shown.Subject}) does not lead to an authority of {_tls.AuthorityFile}: {string.Join(", ", chain.ChainStatus.Select(s => s.Status))}";
    }

    private static void Authenticate(Action authenticate, string usually, Func<string?>? why = null)
    {
        try { authenticate(); }
        catch (ConnectionLostException e) { throw new ConnectionLostException($"{e.Message} in the TLS handshake; perhaps {usually}", e); }
        catch (Exception e) when (e is AuthenticationException or IOException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            throw why?.Invoke() is { } known ? new RefusedException($"{known}.") : new ConnectionLostException($"the TLS handshake failed: {usually} ({e.InnerException?.Message ?? e.Message})", e);
        }
    }

    private static X509Certificate2 Certificate(string file, string? key) => X509Certificate2.CreateFromPemFile(file, key);

    private static X509Certificate2Collection Chain(string file)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(file);
        return all;
    }

    private static T Load<T>(string file, Func<T> load)
    {
        try { return load(); }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new DunlinException($"{file} can't be used for TLS: {e.Message} Expected is a PEM file.", e);
        }
    }
}
