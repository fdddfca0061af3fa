#include "cluster/membership/membership.h"

#include <algorithm>

#include "base/check.h"

namespace mainstay::membership {

using mainstay::to_text;

namespace {

std::size_t paths_silent(const Peer& peer, Instant now, Duration limit) {
  return static_cast<std::size_t>(std::ranges::count_if(
      peer.paths, [&](const PeerPath& path) { return now - path.since >= limit; }));
}

void become(Peer& peer, const NodeName& name, Trust trust, std::string why, Step& step) {
  const auto severity = trust == Trust::alive ? Severity::information : Severity::warning;
  step.note(severity, name.value,
            fmt::format("{} → {}: {}", to_text(peer.trust), to_text(trust), why));
  peer.trust = trust;
  peer.why = std::move(why);
}

void hear_path(PeerPath& path, const NodeName& name, std::size_t index, Step& step) {
  if (path.lost) {
    step.note(Severity::information, name.value,
              fmt::format("path {} works again", step.config.paths[index].name));
  }
  path = {.since = step.now, .ever = true, .lost = false};
}

bool hears_us(const Beat& beat, Incarnation own, const Step& step) {
  const auto echo = beat.echoes.find(step.self);
  return echo != beat.echoes.end() && echo->second.incarnation == own &&
         echo->second.silence < step.config.timing.heartbeat_timeout;
}

void trust_its_ears(Peer& peer) {
  peer.unheeding_since.reset();
  peer.deaf = false;
  peer.dismissed = false;
}

void heed(Peer& peer, const NodeName& name, bool hears_us, Step& step) {
  if (!hears_us) {
    if (!peer.unheeding_since) peer.unheeding_since = step.now;
    return;
  }
  if (peer.deaf) step.note(Severity::information, name.value, "hears us again");
  trust_its_ears(peer);
}

void judge_hearing(Peer& peer, const NodeName& name, Step& step) {
  const Duration timeout = step.config.timing.heartbeat_timeout;
  if (peer.deaf || !peer.unheeding_since || step.now - *peer.unheeding_since < timeout) return;
  peer.deaf = true;
  step.note(
      Severity::warning, name.value,
      fmt::format("is heard, and has said for {} that it does not hear us", to_text(timeout)));
}

void judge_paths(Peer& peer, const NodeName& name, Step& step) {
  for (std::size_t i = 0; i < peer.paths.size(); ++i) {
    PeerPath& path = peer.paths[i];
    if (path.lost || step.now - path.since < step.config.timing.heartbeat_timeout) continue;
    path.lost = true;
    if (peer.trust != Trust::alive)
      continue;  // The peer as a whole is silent; that is said elsewhere.
    step.note(
        Severity::warning, name.value,
        fmt::format("path {} is silent for {}; other paths to this node work",
                    step.config.paths[i].name,
                    to_text(std::chrono::floor<std::chrono::milliseconds>(step.now - path.since))));
  }
}

}  // namespace

State begin(const ClusterConfig& config, const NodeName& self,
            const std::map<NodeName, Incarnation>& resignations, Instant now) {
  State state;
  for (const auto& node : config.nodes) {
    if (node.name == self) continue;
    Peer& peer = state.peers[node.name];
    peer.silent_since = now;
    peer.paths.assign(config.paths.size(), PeerPath{.since = now});
    if (const auto found = resignations.find(node.name); found != resignations.end()) {
      peer.resigned = true;
      peer.resigned_in = found->second;
    }
  }
  return state;
}

bool hear(State& state, const BeatHeard& heard, Incarnation own, Step& step) {
  const auto found = state.peers.find(heard.from);
  if (found == state.peers.end() || heard.path >= found->second.paths.size()) return false;
  Peer& peer = found->second;
  const bool older = peer.beat && heard.beat.incarnation < peer.beat->incarnation;
  if (older) return false;
  if (peer.resigned && heard.beat.incarnation <= peer.resigned_in) return false;
  const bool same_run = peer.beat && heard.beat.incarnation == peer.beat->incarnation;
  const bool hears = hears_us(heard.beat, own, step);
  const bool stopped = heard.beat.phase == NodePhase::stopped;
  if (peer.dismissed && !hears && !stopped) return false;
  peer.silent_since = step.now;
  hear_path(peer.paths[heard.path], heard.from, heard.path, step);
  if (same_run && heard.beat.number <= peer.beat->number)
    return false;  // The same one by another path.
  if (!same_run) {
    step.note(Severity::information, heard.from.value,
              fmt::format("heard in incarnation {}", heard.beat.incarnation));
  }
  peer.beat = heard.beat;
  peer.resigned = stopped;
  heed(peer, heard.from, hears, step);
  if (peer.resigned) {
    peer.resigned_in = heard.beat.incarnation;
    trust_its_ears(peer);
    step.note(Severity::information, heard.from.value, "stopped cleanly");
  } else if (peer.trust != Trust::alive) {
    become(peer, heard.from, Trust::alive, "its beats arrive", step);
  }
  return true;
}

void hear_unreadable(State& state, const NodeName& from, Instant now) {
  const auto peer = state.peers.find(from);
  if (peer != state.peers.end()) peer->second.unreadable_at = now;
}

void judge(State& state, Step& step) {
  const Timing& timing = step.config.timing;
  for (auto& [name, peer] : state.peers) {
    if (peer.resigned) continue;  // It said goodbye: its silence says nothing of the paths.
    judge_paths(peer, name, step);
    judge_hearing(peer, name, step);
    const Duration silence = step.now - peer.silent_since;
    const auto nothing_heard = [&](Duration limit) {
      return fmt::format("nothing heard on {} of {} paths for {}",
                         paths_silent(peer, step.now, limit), peer.paths.size(),
                         to_text(std::chrono::floor<std::chrono::milliseconds>(silence)));
    };
    if (peer.trust == Trust::alive && silence >= timing.suspect_after) {
      become(peer, name, Trust::suspect, nothing_heard(timing.suspect_after), step);
    }
    // Dead only after suspect: after a pause of ours both may be due at once, and both are said.
    if ((peer.trust == Trust::suspect || peer.trust == Trust::unheard) &&
        silence >= timing.heartbeat_timeout) {
      become(peer, name, Trust::dead, nothing_heard(timing.heartbeat_timeout), step);
    }
  }
}

void dismiss(State& state, const NodeName& name, const std::string& why, Step& step) {
  Peer& peer = state.peers.at(name);
  if (peer.trust != Trust::dead)
    become(peer, name, Trust::dead, fmt::format("it does not hear us, and {}", why), step);
  peer.dismissed = true;
}

void forgive(State& state, Step& step) {
  for (auto& [name, peer] : state.peers) {
    if (!peer.deaf) peer.unheeding_since.reset();  // It was not spoken to.
    if (peer.trust == Trust::dead) continue;
    peer.silent_since = step.now;
    for (auto& path : peer.paths) {
      if (!path.lost) path.since = step.now;
    }
  }
}

Instant next_deadline(const State& state, const ClusterConfig& config) {
  Instant next = never;
  for (const auto& [name, peer] : state.peers) {
    if (peer.resigned) continue;
    if (peer.unheeding_since && !peer.deaf)
      next = std::min(next, *peer.unheeding_since + config.timing.heartbeat_timeout);
    if (peer.trust == Trust::alive)
      next = std::min(next, peer.silent_since + config.timing.suspect_after);
    if (peer.trust == Trust::suspect || peer.trust == Trust::unheard) {
      next = std::min(next, peer.silent_since + config.timing.heartbeat_timeout);
    }
    for (const auto& path : peer.paths) {
      if (!path.lost) next = std::min(next, path.since + config.timing.heartbeat_timeout);
    }
  }
  return next;
}

std::string_view to_text(Trust trust) {
  switch (trust) {
    case Trust::unheard:
      return "unheard";
    case Trust::alive:
      return "alive";
    case Trust::suspect:
      return "suspect";
    case Trust::dead:
      return "dead";
  }
  return "?";
}

}  // namespace mainstay::membership
