#include "sim/mirror/cluster.h"

#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {

using namespace mirror;

bool Cluster::overdue(Duration limit) const { return world_.now() - since_ > limit; }

void Cluster::give_up(Copy next) {
  world_.application().end();
  stage_ = Stage::idle;
  next_ = next;
  try_at_ = world_.now() + world_.random().between(10ms, 200ms);
}

void Cluster::promote() {
  if (world_.now() < try_at_) return;
  const bool first_choice = world_.engine(next_).awake();
  const Copy copy = first_choice ? next_ : other(next_);
  Engine& engine = world_.engine(copy);
  if (!engine.awake() || engine.core()->phase == Phase::opening) return;
  if (engine.core()->phase != Phase::secondary) {
    engine.tell(Demote{++ticket_});
    try_at_ = world_.now() + 100ms;
    return;
  }
  // An engine that was only restarted gets the term it had.
  const bool again = copy == node_ && engine.core()->durable.primary_term == term_;
  if (!again || world_.random().chance(0.5)) ++term_;
  node_ = copy;
  life_ = engine.life();
  stage_ = Stage::promoting;
  since_ = world_.now();
  world_.tell(copy, fmt::format("is to be promoted at term {}", term_));
  engine.tell(Promote{++ticket_, term_});
}

void Cluster::force_when_idle(Copy copy, Instant until) {
  if (!choice_) choice_ = Choice{.copy = copy, .until = until};
}

// False: there is nothing to choose now.
bool Cluster::force() {
  if (!choice_) return false;
  Engine& engine = world_.engine(choice_->copy);
  Engine& another = world_.engine(other(choice_->copy));
  const bool leads = another.running() && another.core()->phase != Phase::secondary;
  const bool ready =
      engine.awake() && engine.core()->phase == Phase::secondary && !leads && !another.frozen();
  if (!ready) {
    if (!choice_->said) choice_.reset();
    if (choice_ && leads && another.awake()) another.tell(Demote{++ticket_});
    return choice_.has_value();
  }
  choice_->said = true;
  node_ = choice_->copy;
  life_ = engine.life();
  stage_ = Stage::forcing;
  since_ = world_.now();
  world_.tell(node_, "is to be the copy that counts");
  engine.tell(Force{++ticket_, term_});
  return true;
}

void Cluster::watch_holder() {
  Engine& engine = world_.engine(node_);
  if (!engine.running() || engine.life() != life_) {
    return give_up(world_.random().chance(0.5) ? node_ : other(node_));
  }
  if (engine.frozen()) {
    if (frozen_at_ == never) frozen_at_ = world_.now();
    // What was chosen before is still being chosen when it thaws.
    if (world_.now() - frozen_at_ > 1s && stage_ != Stage::forcing) give_up(other(node_));
    return;
  }
  frozen_at_ = never;
  const Phase phase = engine.core()->phase;
  if (stage_ == Stage::serving && phase != Phase::primary) return give_up(other(node_));
  if (stage_ == Stage::promoting && overdue(30s)) engine.kill();
  if (stage_ == Stage::demoting && overdue(3s)) engine.kill();
  if (stage_ == Stage::forcing && overdue(30s)) engine.kill();
}

void Cluster::manage() {
  if (choice_ && !choice_->said && world_.now() > choice_->until) choice_.reset();
  if (stage_ == Stage::idle) {
    if (!force()) promote();
  } else {
    watch_holder();
  }
  world_.at(world_.now() + world_.random().between(10ms, 60ms), [this] { manage(); });
}

void Cluster::move() {
  if (stage_ != Stage::serving || calm_) return;
  Engine& engine = world_.engine(node_);
  if (!engine.awake()) return;
  world_.application().end();
  stage_ = Stage::demoting;
  since_ = world_.now();
  engine.tell(Demote{++ticket_});
}

void Cluster::believe_dead() {
  if (stage_ == Stage::serving && !calm_) give_up(other(node_));
}

void Cluster::on_forced(const Status& outcome) {
  if (!outcome) world_.tell(node_, "is not chosen: " + outcome.error().message);
  // Whoever got no clear answer says it again.
  if (outcome || outcome.error().code == Code::conflict) choice_.reset();
  give_up(node_);
  // What was chosen is what is there for good, whatever happens next.
  if (!outcome || !world_.random().chance(0.2)) return;
  world_.at(world_.now() + world_.random().between(1ms, 100ms), [this, copy = node_] {
    if (!world_.healed()) world_.lose_power(copy, 500ms);
  });
}

void Cluster::on_answer(Copy copy, const AnswerCluster& answer) {
  if (copy != node_ || answer.ticket != ticket_) return;
  if (stage_ == Stage::demoting) return give_up(other(node_));
  if (stage_ == Stage::forcing) return on_forced(answer.outcome);
  if (stage_ != Stage::promoting) return;
  if (!answer.outcome) {
    world_.tell(copy, "is not promoted: " + answer.outcome.error().message);
    return give_up(other(copy));
  }
  stage_ = Stage::serving;
  // It is the primary's now, but its programs start a little later.
  world_.at(world_.now() + 1ms, [this, copy, term = term_, life = life_] {
    const bool still = stage_ == Stage::serving && node_ == copy && term_ == term;
    if (still && world_.engine(copy).life() == life) world_.application().start(copy, term);
  });
}

}  // namespace mainstay::mirror_sim
