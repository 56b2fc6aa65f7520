using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DomainGuard.Data;
using DomainGuard.Data.Staff;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Auth;

/// <summary>
/// Codes of an authenticator app (RFC 6238: HMAC-SHA-1, 30 s, six digits), each accepted once: section 5.2 asks for that, the provider of the framework does not do it. A clock that is
/// one step off is forgiven.
/// </summary>
internal sealed class StaffAuthenticator(IDbContextFactory<GuardDb> dbs, TimeProvider time) : IUserTwoFactorTokenProvider<GuardUser>
{
    private const int StepSeconds = 30;

    public Task<string> GenerateAsync(string purpose, UserManager<GuardUser> manager, GuardUser user) => Task.FromResult("");

    public async Task<bool> CanGenerateTwoFactorTokenAsync(UserManager<GuardUser> manager, GuardUser user) => !string.IsNullOrEmpty(await manager.GetAuthenticatorKeyAsync(user));

    public async Task<bool> ValidateAsync(string purpose, string token, UserManager<GuardUser> manager, GuardUser user)
    {
        if (await manager.GetAuthenticatorKeyAsync(user) is not { Length: > 0 } key || token.Length != 6)
        {
            return false;
        }

        var secret = FromBase32(key);
        var now = time.GetUtcNow().ToUnixTimeSeconds() / StepSeconds;
        long? found = null;
        foreach (var step in (long[])[now - 1, now, now + 1])
        {
            if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Code(secret, step)), Encoding.ASCII.GetBytes(token)))
            {
                found = step;
            }
        }

        if (found is not { } used)
        {
            return false;
        }

        // Conditional: of two that bring the same code in the same moment one is refused. The new stamp keeps a stale copy of the person from writing the old step back.
        var stamp = RandomNumberGenerator.GetHexString(40);
        await using var db = await dbs.CreateDbContextAsync();
        if (await db.Users.Where(u => u.Id == user.Id && u.CodeStep < used).ExecuteUpdateAsync(s => s.SetProperty(u => u.CodeStep, used).SetProperty(u => u.ConcurrencyStamp, stamp)) == 0)
        {
            return false;
        }

        (user.CodeStep, user.ConcurrencyStamp) = (used, stamp);
        return true;
    }

    /// <summary>The code of a step.</summary>
    internal static string Code(byte[] secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // RFC 6238 and every authenticator app say HMAC-SHA-1; the weakness of SHA-1 does not touch HMAC.
        HMACSHA1.HashData(secret, counter, hash);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 0xf)..]) & int.MaxValue;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>RFC 4648 base32 without padding, as authenticator apps take it.</summary>
    internal static byte[] FromBase32(string text)
    {
        var bytes = new List<byte>(text.Length * 5 / 8);
        var (bits, count) = (0, 0);
        foreach (var c in text)
        {
            var value = char.IsAsciiLetter(c) ? char.ToUpperInvariant(c) - 'A' : c is >= '2' and <= '7' ? c - '2' + 26 : throw new FormatException("The authenticator key is not base32.");
            bits = (bits << 5) | value;
            count += 5;
            if (count >= 8)
            {
                count -= 8;
                bytes.Add((byte)(bits >> count));
                bits &= (1 << count) - 1;
            }
        }

        return [.. bytes];
    }
}

/// <summary>Keeps what a reader of the database could sign in with from him: recovery codes hashed, the authenticator's key under the keys of the data directory.</summary>
internal sealed class StaffStore(GuardDb context, IDataProtectionProvider protection, IdentityErrorDescriber? describer = null)
    : UserStore<GuardUser, IdentityRole<Guid>, GuardDb, Guid>(context, describer)
{
    private readonly IDataProtector _protector = protection.CreateProtector("DomainGuard.Authenticator");

    public override Task ReplaceCodesAsync(GuardUser user, IEnumerable<string> recoveryCodes, CancellationToken cancellationToken) =>
        base.ReplaceCodesAsync(user, recoveryCodes.Select(c => Hash(user, c)), cancellationToken);

    public override Task<bool> RedeemCodeAsync(GuardUser user, string code, CancellationToken cancellationToken) => base.RedeemCodeAsync(user, Hash(user, code), cancellationToken);

    public override Task SetAuthenticatorKeyAsync(GuardUser user, string key, CancellationToken cancellationToken) => base.SetAuthenticatorKeyAsync(user, _protector.Protect(key), cancellationToken);

    public override async Task<string?> GetAuthenticatorKeyAsync(GuardUser user, CancellationToken cancellationToken)
    {
        var kept = await base.GetAuthenticatorKeyAsync(user, cancellationToken);
        try
        {
            return string.IsNullOrEmpty(kept) ? null : _protector.Unprotect(kept);
        }
        catch (CryptographicException)
        {
            // The keys of the data directory were lost: no code is right until an administrator resets the second factor.
            return null;
        }
    }

    private static string Hash(GuardUser user, string code) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{user.Id:N}{code}")));
}
