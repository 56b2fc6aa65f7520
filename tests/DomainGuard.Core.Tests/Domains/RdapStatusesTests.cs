using CsCheck;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Tests.Domains;

public class RdapStatusesTests
{
    [Theory]
    [InlineData("active", "active")]
    [InlineData("ok", "active")]
    [InlineData("OK https://icann.org/epp#ok", "active")]
    [InlineData("linked", "associated")]
    [InlineData("clientTransferProhibited https://icann.org/epp#clientTransferProhibited", "client transfer prohibited")]
    [InlineData("https://icann.org/epp#redemptionPeriod", "redemption period")]
    [InlineData("http://www.icann.org/epp#pendingDelete", "pending delete")]
    [InlineData("Pending  Delete", "pending delete")]
    [InlineData("server_hold", "server hold")]
    [InlineData("auto-renew-period", "auto renew period")]
    [InlineData(" autoRenewPeriod ", "auto renew period")]
    [InlineData("clientHold http://example.org/help", "client hold")]
    [InlineData("Registered until expiry date", "registered until expiry date")]
    [InlineData("PENDING DELETE", "pending delete")]
    [InlineData("", "")]
    [InlineData(null, "")]
    [InlineData("  ", "")]
    public void One_spelling_for_what_servers_write(string? written, string expected) => Assert.Equal(expected, RdapStatuses.Normalise(written));

    [Fact]
    public void Normal_form_is_normal() => Gen.String.Sample(text =>
    {
        var normal = RdapStatuses.Normalise(text);
        Assert.Equal(normal, normal.Trim());
        Assert.DoesNotContain("  ", normal, StringComparison.Ordinal);
    });
}
