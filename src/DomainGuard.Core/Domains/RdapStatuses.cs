using System.Text;

namespace DomainGuard.Core.Domains;

/// <summary>Status values of RDAP (RFC 8056, RFC 9083 10.2.2) in one spelling.</summary>
public static class RdapStatuses
{
    /// <summary>RFC 3915 autoRenewPeriod.</summary>
    public const string AutoRenewPeriod = "auto renew period";

    /// <summary>RFC 3915 addPeriod: registered in the last five days.</summary>
    public const string AddPeriod = "add period";

    /// <summary>RFC 5731 ok.</summary>
    public const string Active = "active";

    /// <summary>RFC 5731 clientHold.</summary>
    public const string ClientHold = "client hold";

    /// <summary>RFC 5731 serverHold.</summary>
    public const string ServerHold = "server hold";

    /// <summary>RFC 5731 inactive: no name servers.</summary>
    public const string Inactive = "inactive";

    /// <summary>RFC 5731 pendingDelete.</summary>
    public const string PendingDelete = "pending delete";

    /// <summary>RFC 3915 pendingRestore.</summary>
    public const string PendingRestore = "pending restore";

    /// <summary>RFC 3915 redemptionPeriod.</summary>
    public const string RedemptionPeriod = "redemption period";

    /// <summary>RFC 5731 serverUpdateProhibited.</summary>
    public const string ServerUpdateProhibited = "server update prohibited";

    /// <summary>RFC 5731 serverRenewProhibited.</summary>
    public const string ServerRenewProhibited = "server renew prohibited";

    /// <summary>
    /// One spelling for what servers write: "clientHold", "client_hold", "https://icann.org/epp#clientHold", "Client Hold https://..." all give "client hold".
    /// EPP's own words become RDAP's: "ok" gives "active", "linked" gives "associated" (RFC 8056). Empty for nothing usable.
    /// Unknown strings come back normalised and are noise, never a phase.
    /// </summary>
    public static string Normalise(string? status)
    {
        var text = (status ?? "").AsSpan().Trim();
        if (text.LastIndexOf("epp#", StringComparison.OrdinalIgnoreCase) is >= 0 and var epp && IsUrlUpTo(text, epp))
        {
            text = text[(epp + 4)..];
        }

        if (text.IndexOf("http", StringComparison.OrdinalIgnoreCase) is > 0 and var url && char.IsWhiteSpace(text[url - 1]))
        {
            text = text[..url].TrimEnd();
        }

        var result = new StringBuilder(text.Length + 8);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '_' or '-' || char.IsWhiteSpace(c))
            {
                AddSpace(result);
                continue;
            }

            if (char.IsUpper(c) && i > 0 && char.IsLower(text[i - 1]))
            {
                AddSpace(result);
            }

            result.Append(char.ToLowerInvariant(c));
        }

        var normal = result.ToString().TrimEnd();
        return normal switch { "ok" => Active, "linked" => "associated", _ => normal };
    }

    private static bool IsUrlUpTo(ReadOnlySpan<char> text, int end) =>
        text.StartsWith("http", StringComparison.OrdinalIgnoreCase) && text[..end].IndexOfAny(' ', '\t') < 0;

    private static void AddSpace(StringBuilder result)
    {
        if (result.Length > 0 && result[^1] != ' ')
        {
            result.Append(' ');
        }
    }
}
