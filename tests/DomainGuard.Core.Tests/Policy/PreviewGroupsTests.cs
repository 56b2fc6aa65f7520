using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Policy;

public class PreviewGroupsTests
{
    private const PolicyAction N = PolicyAction.Nothing;
    private const PolicyAction W = PolicyAction.Watch;
    private const PolicyAction R = PolicyAction.Review;
    private const PolicyAction U = PolicyAction.Unverify;

    [Theory]
    [InlineData(N, N, PreviewGroup.Same, PreviewGroup.Same)]
    [InlineData(N, W, PreviewGroup.Same, PreviewGroup.Same)]
    [InlineData(N, R, PreviewGroup.Review, PreviewGroup.Same)]
    [InlineData(N, U, PreviewGroup.Unverified, PreviewGroup.Same)]
    [InlineData(W, N, PreviewGroup.Same, PreviewGroup.Same)]
    [InlineData(W, R, PreviewGroup.Review, PreviewGroup.Same)]
    [InlineData(W, U, PreviewGroup.Unverified, PreviewGroup.Same)]
    [InlineData(R, N, PreviewGroup.Released, PreviewGroup.Released)]
    [InlineData(R, W, PreviewGroup.Released, PreviewGroup.Released)]
    [InlineData(R, R, PreviewGroup.Same, PreviewGroup.Same)]
    [InlineData(R, U, PreviewGroup.Unverified, PreviewGroup.Same)]
    [InlineData(U, N, PreviewGroup.Released, PreviewGroup.Released)]
    [InlineData(U, W, PreviewGroup.Released, PreviewGroup.Released)]
    [InlineData(U, R, PreviewGroup.Review, PreviewGroup.Same)]
    [InlineData(U, U, PreviewGroup.Same, PreviewGroup.Same)]
    public void A_change_means_something_else_for_an_address_that_is_unverified_already(PolicyAction before, PolicyAction after, PreviewGroup verified, PreviewGroup unverified)
    {
        Assert.Equal(verified, PreviewGroups.Of(before, after, isUnverified: false));
        Assert.Equal(unverified, PreviewGroups.Of(before, after, isUnverified: true));
    }

    [Fact]
    public void Where_nobody_acts_yet_every_finding_is_new()
    {
        Assert.Equal(PreviewGroup.Unverified, PreviewGroups.Of(null, U, false));
        Assert.Equal(PreviewGroup.Review, PreviewGroups.Of(null, R, false));
        Assert.Equal(PreviewGroup.Same, PreviewGroups.Of(null, W, false));
    }
}
