using DomainGuard.Core.Addresses;

namespace DomainGuard.Core.Tests.Addresses;

public sealed class NotableDomainsTests
{
    [Theory]
    [InlineData("gmail.com")]
    [InlineData("yahoo.co.jp")]
    [InlineData("users.noreply.github.com")]
    [InlineData("privaterelay.appleid.com")]
    public void Large_mail_providers_are_notable(string name) => Assert.True(NotableDomains.IsNotable(name));

    [Theory]
    [InlineData("example.com")]
    [InlineData("gmail.com.example.com")]
    [InlineData("notgmail.com")]
    [InlineData("github.com")]
    [InlineData("")]
    public void Names_that_only_look_like_one_are_not(string name) => Assert.False(NotableDomains.IsNotable(name));

    [Fact]
    public void Every_name_is_found_under_the_form_that_addresses_get() =>
        Assert.All(NotableDomains.All, name =>
        {
            Assert.True(EmailAddress.TryParse("user@" + name, PublicSuffixList.Shipped, out var address, out var error), error);
            Assert.True(address.IsRegistrable);
            Assert.True(NotableDomains.IsNotable(address.MailHost));
        });
}
