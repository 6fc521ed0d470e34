using Syncline.Bench.Churn;
using Syncline.Bench.Client;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Lists;
using Syncline.Bench.Pull;
using Syncline.Bench.Push;
using Syncline.Bench.RealTime;
using Syncline.Bench.Snapshots;
using Syncline.Bench.Spaces;
using Syncline.Bench.Storage;
using Syncline.Bench.Tree;
using Syncline.Bench.Waits;

// A server that is measured from outside.
if (args is [ServerHost.HostCommand, ..])
    return await ServerHost.RunAsync(args);

// The first process measures nothing: it starts a fresh one for each measurement, ours and the peers', and prints their medians.
IReadOnlyList<IArea> areas =
[
    new TreeArea(),
    new StorageArea(),
    new SpacesArea(),
    new PushArea(),
    new PullArea(),
    new WaitsArea(),
    new ListsArea(),
    new SnapshotsArea(),
    new ChurnArea(),
    new ClientArea(),
    new RealTimeArea(),
];
return await Bench.RunAsync(areas, args);
