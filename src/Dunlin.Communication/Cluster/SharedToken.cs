using System.Security.Cryptography;
using System.Text.Json;

namespace Dunlin.Communication;

/// <summary>
/// A token that the processes of a run have in common and nobody else. MPI carries what they say in the clear, so rank 0 gives it to each under a key that the two agree on (Diffie and Hellman, 1976): who only listens does not learn it.
/// </summary>
internal static class SharedToken
{
    private const int Bytes = 32;

    /// <summary>The token. All processes call.</summary>
    public static string Agree(Cluster cluster)
    {
        using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var keys = cluster.GatherTexts(Convert.ToBase64String(own.ExportSubjectPublicKeyInfo())).Select(Convert.FromBase64String).ToList();
        var token = RandomNumberGenerator.GetBytes(Bytes);
        var sealedTokens = JsonSerializer.Deserialize<byte[][]>(cluster.FromFirst(() => JsonSerializer.Serialize(keys.Select(key => Seal(token, KeyWith(own, key))))))!;
        return Convert.ToHexString(cluster.Rank == 0 ? token : Unseal(sealedTokens[cluster.Rank], KeyWith(own, keys[0])));
    }

    private static byte[] KeyWith(ECDiffieHellman own, byte[] other)
    {
        using var peer = ECDiffieHellman.Create();
        peer.ImportSubjectPublicKeyInfo(other, out _);
        return own.DeriveKeyFromHash(peer.PublicKey, HashAlgorithmName.SHA256);
    }

    /// <summary>Each key is used once, so its nonce may always be the same.</summary>
    private static byte[] Seal(byte[] token, byte[] key)
    {
        var all = new byte[Bytes + AesGcm.TagByteSizes.MaxSize];
        using var cipher = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        cipher.Encrypt(new byte[AesGcm.NonceByteSizes.MaxSize], token, all.AsSpan(0, Bytes), all.AsSpan(Bytes));
        return all;
    }

    private static byte[] Unseal(byte[] all, byte[] key)
    {
        var token = new byte[Bytes];
        using var cipher = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        cipher.Decrypt(new byte[AesGcm.NonceByteSizes.MaxSize], all.AsSpan(0, Bytes), all.AsSpan(Bytes), token);
        return token;
    }
}
