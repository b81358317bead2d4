/** Scenarios by name, and what each is about. */
export const scenarios = [
  {
    name: "sync-ptr",
    summary: "ALSA PCM SYNC_PTR: three ways to move twelve values between kernel and user",
  },
  {
    name: "pcm-playback",
    summary: "ALSA PCM playback from open to drain: what each period costs in user access",
  },
] as const;

export type ScenarioName = (typeof scenarios)[number]["name"];

export const scenarioNames: readonly ScenarioName[] = scenarios.map((scenario) => scenario.name);
