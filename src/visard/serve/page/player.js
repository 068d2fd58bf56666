// A video plays as fast as its frames come, at most as fast as it is.

export class Player {
  constructor(job) { Object.assign(this, { job, playing: false }); }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.job.timeline.show();
    this.job.stage.show(true);
  }

  async play() {
    const { job } = this, { times } = job.regions;
    this.playing = true;
    if (job.frame >= job.file.frames - 1) job.goto(0);
    const [from, began] = [times[job.frame], performance.now()];
    job.timeline.show();
    while (this.playing && job.frame < job.file.frames - 1) {
      const now = from + (performance.now() - began) / 1000;
      let next = job.frame + 1;
      while (next < times.length - 1 && times[next] < now) next += 1;
      job.goto(next);
      await (job.view === "done" ? job.results.loaded : job.stage.loaded);
      await new Promise((resolve) => setTimeout(resolve, Math.max(10, 1000 * (times[next] - from) - (performance.now() - began))));
    }
    this.pause();
  }
}
