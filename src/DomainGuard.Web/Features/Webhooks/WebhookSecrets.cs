using System.Security.Cryptography;
using DomainGuard.Core.Events;
using DomainGuard.Data.Webhooks;
using Microsoft.AspNetCore.DataProtection;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>Secrets of receivers: they must be read again to sign, so they are kept protected by the installation's key ring (the folder <c>keys</c>), not hashed.</summary>
internal sealed class WebhookSecrets(IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("DomainGuard.Webhooks");

    /// <summary>A new secret that signs: 32 random bytes.</summary>
    public static string New() => WebhookSignature.Secret(RandomNumberGenerator.GetBytes(32));

    /// <summary>As it is kept.</summary>
    public string Protect(string secret) => _protector.Protect(secret);

    /// <summary>The secrets in force, the newest first. Null when they cannot be read: the key ring is another than the one that protected them.</summary>
    public IReadOnlyList<string>? InForce(WebhookEndpoint endpoint, DateTimeOffset now)
    {
        try
        {
            List<string> secrets = [];
            if (endpoint.Secret is { } secret)
            {
                secrets.Add(_protector.Unprotect(secret));
            }

            if (endpoint.PreviousSecret is { } previous && endpoint.PreviousUntil > now)
            {
                secrets.Add(_protector.Unprotect(previous));
            }

            return secrets;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
