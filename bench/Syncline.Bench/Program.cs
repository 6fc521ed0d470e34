using Syncline.Bench.Harness;

// The first process measures nothing: it starts a fresh one for each measurement, ours and the peers', and prints their medians.
IReadOnlyList<IArea> areas = [];
return await Bench.RunAsync(areas, args);
