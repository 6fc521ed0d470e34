using System.Net;
using Syncline.AspNetCore.Accounts;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;

namespace Syncline.Tests.Accounts;

public sealed class AttemptWindowTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_key_has_its_attempts_until_its_window_ends()
    {
        AttemptWindow window = new(_time, TimeSpan.FromMinutes(5), 2, "attempts");
        window.Add("a");
        _time.Advance(TimeSpan.FromMinutes(1));
        window.Add("a");
        window.Demand("b");

        RequestException e = Assert.Throws<RequestException>(() => window.Demand("a"));
        Assert.Equal(ErrorCodes.RateLimited, e.Code);
        Assert.Equal(TimeSpan.FromMinutes(4), e.RetryAfter);
        Assert.Equal(TimeSpan.FromMinutes(4), Assert.Throws<RequestException>(() => window.Add("a")).RetryAfter);

        _time.Advance(TimeSpan.FromMinutes(4));
        window.Add("a");
        window.Clear("a");
        Assert.Equal(0, window.Count);
    }

    [Fact]
    public void The_oldest_window_makes_room()
    {
        AttemptWindow window = new(_time, TimeSpan.FromMinutes(5), 1, "attempts", keysMax: 2);
        window.Add("a");
        window.Add("b");
        window.Add("c");

        Assert.Equal(2, window.Count);
        window.Demand("a");
        Assert.Throws<RequestException>(() => window.Demand("b"));
        Assert.Throws<RequestException>(() => window.Demand("c"));
    }

    [Fact]
    public void An_address_counts_by_what_one_party_holds()
    {
        Assert.Equal(Key("2001:db8:1:2::1"), Key("2001:db8:1:2:ffff::9"));
        Assert.NotEqual(Key("2001:db8:1:2::1"), Key("2001:db8:1:3::1"));
        Assert.NotEqual(Key("10.0.0.1"), Key("10.0.0.2"));
        Assert.Equal(Key("10.0.0.1"), Key("::ffff:10.0.0.1"));

        static string Key(string address) => AttemptLimits.KeyOf(IPAddress.Parse(address));
    }
}
