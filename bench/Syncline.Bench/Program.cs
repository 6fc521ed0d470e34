using Syncline.Bench.Harness;
using Syncline.Bench.Storage;

// The first process measures nothing: it starts a fresh one for each measurement, ours and the peers', and prints their medians.
IReadOnlyList<IArea> areas =
[
    new StorageArea(),
];
return await Bench.RunAsync(areas, args);
