//! The rules: magpies gather gems, and knock them out of each other. Nothing here knows
//! of clients or of time.

use sio::Sid;

use crate::model::{Bird, Name, Point, Positions, Scene};

pub(crate) const TICKS_PER_SECOND: u32 = 20;
/// So many gems win.
pub(crate) const TO_WIN: u32 = 10;
/// More cannot play in one match; as many as like can watch.
pub(crate) const MAX_PLAYERS: usize = 8;
/// How long the bird of a player waits whose connection is lost.
pub(crate) const PATIENCE_SECONDS: u32 = 20;

const SIZE: f32 = 1000.0;
const BIRD_RADIUS: f32 = 34.0;
const GEM_RADIUS: f32 = 18.0;
const GEMS: usize = 5;
/// The way in one tick.
const SPEED: f32 = 21.0;
/// How much of the way from its speed to that which is wanted a bird makes in one tick.
const AGILITY: f32 = 0.25;
/// The machine plays when somebody is alone, and not too well.
const MACHINE_SPEED: f32 = 0.55;
const CELEBRATION: u32 = 4 * TICKS_PER_SECOND;
/// For how long a bird that was robbed cannot be robbed again.
const DAZE: u32 = TICKS_PER_SECOND;

/// One match.
#[derive(Debug)]
pub(crate) struct Field {
    birds: Vec<Flying>,
    gems: Vec<Point>,
    last_number: u32,
    /// The winner, and the ticks until the next round.
    won: Option<(u32, u32)>,
    has_news: bool,
    random: u64,
}

#[derive(Debug)]
struct Flying {
    bird: Bird,
    /// None is the machine.
    player: Option<Sid>,
    at: Point,
    speed: Point,
    steering: Point,
    daze: u32,
    /// The ticks for which it still waits for a lost player.
    patience: u32,
}

impl Field {
    pub(crate) fn new(seed: u64) -> Self {
        let mut field = Self {
            birds: vec![],
            gems: vec![],
            last_number: 0,
            won: None,
            has_news: true,
            random: seed | 1,
        };
        field.gems = (0..GEMS).map(|_| field.anywhere()).collect();
        field
    }

    /// Gives a player a bird, or the one that has waited. Returns its number, or none
    /// when there are too many.
    pub(crate) fn enter(&mut self, player: &Sid, name: Name) -> Option<u32> {
        self.has_news = true;
        if let Some(waiting) = self.of(player) {
            waiting.bird.is_away = false;
            return Some(waiting.bird.number);
        }
        if self.players() == MAX_PLAYERS {
            return None;
        }
        let number = self.add(Some(player.clone()), name);
        self.keep_company();
        Some(number)
    }

    pub(crate) fn steer(&mut self, player: &Sid, direction: Point) {
        if let Some(flying) = self.of(player) {
            flying.steering = direction;
        }
    }

    /// A player's connection is lost: the bird waits.
    pub(crate) fn lose(&mut self, player: &Sid) {
        if let Some(flying) = self.of(player) {
            flying.bird.is_away = true;
            flying.steering = Point::default();
            flying.patience = PATIENCE_SECONDS * TICKS_PER_SECOND;
            self.has_news = true;
        }
    }

    pub(crate) fn leave(&mut self, player: &Sid) {
        self.birds.retain(|flying| flying.player.as_ref() != Some(player));
        self.keep_company();
        self.has_news = true;
    }

    /// How many play, the machine left out.
    pub(crate) fn players(&self) -> usize {
        self.birds.iter().filter(|flying| flying.player.is_some()).count()
    }

    /// Moves on by one tick.
    pub(crate) fn tick(&mut self) {
        self.lose_patience();
        if let Some((_, ticks)) = &mut self.won {
            *ticks -= 1;
            if *ticks == 0 {
                self.begin_round();
            }
            return;
        }
        self.steer_machine();
        self.fly();
        self.collide();
        self.gather();
    }

    pub(crate) fn positions(&self) -> Positions {
        self.birds.iter().map(|flying| (flying.bird.number, flying.at)).collect()
    }

    pub(crate) fn scene(&self) -> Scene {
        Scene {
            birds: self.birds.iter().map(|flying| flying.bird.clone()).collect(),
            gems: self.gems.clone(),
            winner: self.won.map(|(number, _)| number),
        }
    }

    /// The scene, if it has changed since this was asked last.
    pub(crate) fn news(&mut self) -> Option<Scene> {
        std::mem::take(&mut self.has_news).then(|| self.scene())
    }

    fn lose_patience(&mut self) {
        let before = self.birds.len();
        self.birds.retain_mut(|flying| {
            flying.patience = flying.patience.saturating_sub(1);
            !flying.bird.is_away || flying.patience > 0
        });
        if self.birds.len() < before {
            self.keep_company();
            self.has_news = true;
        }
    }

    fn begin_round(&mut self) {
        self.won = None;
        for index in 0..self.birds.len() {
            let at = self.anywhere();
            let flying = &mut self.birds[index];
            (flying.bird.gems, flying.at, flying.speed) = (0, at, Point::default());
        }
        self.has_news = true;
    }

    fn steer_machine(&mut self) {
        for flying in self.birds.iter_mut().filter(|flying| flying.player.is_none()) {
            let ways = self.gems.iter().map(|gem| *gem - flying.at);
            let nearest = ways.min_by(|a, b| a.length().total_cmp(&b.length()));
            flying.steering = nearest.unwrap_or_default().towards() * MACHINE_SPEED;
        }
    }

    fn fly(&mut self) {
        let inside = BIRD_RADIUS..=SIZE - BIRD_RADIUS;
        for flying in &mut self.birds {
            flying.daze = flying.daze.saturating_sub(1);
            flying.speed =
                flying.speed + (flying.steering * SPEED - flying.speed) * AGILITY;
            flying.at = flying.at + flying.speed;
            flying.at.x = flying.at.x.clamp(*inside.start(), *inside.end());
            flying.at.y = flying.at.y.clamp(*inside.start(), *inside.end());
        }
    }

    fn collide(&mut self) {
        for second in 1..self.birds.len() {
            let (before, after) = self.birds.split_at_mut(second);
            for first in before {
                self.has_news |= meet(first, &mut after[0]);
            }
        }
    }

    fn gather(&mut self) {
        for bird in 0..self.birds.len() {
            for gem in 0..self.gems.len() {
                if (self.gems[gem] - self.birds[bird].at).length()
                    < BIRD_RADIUS + GEM_RADIUS
                {
                    self.gems[gem] = self.anywhere();
                    self.birds[bird].bird.gems += 1;
                    self.has_news = true;
                }
            }
        }
        let winner = self.birds.iter().find(|flying| flying.bird.gems >= TO_WIN);
        if let Some(winner) = winner {
            self.won = Some((winner.bird.number, CELEBRATION));
        }
    }

    /// Who is alone plays against the machine.
    fn keep_company(&mut self) {
        let machine = self.birds.iter().position(|flying| flying.player.is_none());
        match (self.players(), machine) {
            (1, None) => {
                let name =
                    Name::try_from("the machine".to_owned()).expect("it is a name");
                self.add(None, name);
            }
            (0 | 2.., Some(machine)) => {
                self.birds.remove(machine);
            }
            _ => {}
        }
    }

    fn add(&mut self, player: Option<Sid>, name: Name) -> u32 {
        self.last_number += 1;
        let bird = Bird { number: self.last_number, name, gems: 0, is_away: false };
        let at = self.anywhere();
        let (speed, steering) = (Point::default(), Point::default());
        self.birds.push(Flying {
            bird,
            player,
            at,
            speed,
            steering,
            daze: 0,
            patience: 0,
        });
        self.last_number
    }

    fn of(&mut self, player: &Sid) -> Option<&mut Flying> {
        self.birds.iter_mut().find(|flying| flying.player.as_ref() == Some(player))
    }

    fn anywhere(&mut self) -> Point {
        Point { x: self.coordinate(), y: self.coordinate() }
    }

    /// A random number, not too near at the edge (xorshift64).
    fn coordinate(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let part = (self.random >> 40) as f32 / (1 << 24) as f32;
        BIRD_RADIUS + part * (SIZE - 2.0 * BIRD_RADIUS)
    }
}

/// Two birds that touch fly apart, and the slower one loses a gem to the faster one. True
/// when it had one.
fn meet(one: &mut Flying, other: &mut Flying) -> bool {
    if (one.at - other.at).length() >= 2.0 * BIRD_RADIUS {
        return false;
    }
    let (fast, slow) = if one.speed.length() > other.speed.length() {
        (one, other)
    } else {
        (other, one)
    };
    let push = (slow.at - fast.at).towards() * SPEED;
    (slow.speed, fast.speed) = (push, push * -1.0);
    if slow.bird.gems == 0 || slow.daze > 0 {
        return false;
    }
    slow.bird.gems -= 1;
    slow.daze = DAZE;
    fast.bird.gems += 1;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(birds: &[(f32, f32, u32)]) -> Field {
        let mut field = Field::new(1);
        field.gems.clear();
        for (number, &(x, y, gems)) in (1..).zip(birds) {
            let bird = Bird {
                number,
                name: Name::try_from("Ada".to_owned()).unwrap(),
                gems,
                is_away: false,
            };
            let (speed, steering) = (Point::default(), Point::default());
            let at = Point { x, y };
            field.birds.push(Flying {
                bird,
                player: None,
                at,
                speed,
                steering,
                daze: 0,
                patience: 0,
            });
        }
        field
    }

    fn gems(field: &Field) -> Vec<u32> {
        field.birds.iter().map(|flying| flying.bird.gems).collect()
    }

    #[test]
    fn a_bird_flies_as_it_steers_and_stays_in_the_field() {
        let mut field = field(&[(500.0, 500.0, 0)]);
        field.birds[0].steering = Point::steering(f32::INFINITY, 0.0);
        for _ in 0..100 {
            field.fly();
        }
        assert_eq!(field.birds[0].at, Point { x: SIZE - BIRD_RADIUS, y: 500.0 });
    }

    #[test]
    fn a_gem_belongs_to_who_reaches_it_and_another_one_appears() {
        let mut field = field(&[(500.0, 500.0, 0), (100.0, 100.0, 0)]);
        field.gems.push(Point { x: 520.0, y: 500.0 });
        field.gather();
        assert_eq!((gems(&field), field.gems.len()), (vec![1, 0], 1));
    }

    #[test]
    fn the_faster_one_takes_a_gem_from_the_slower_one_and_only_once() {
        let mut field = field(&[(500.0, 500.0, 2), (550.0, 500.0, 2)]);
        field.birds[1].speed = Point { x: -10.0, y: 0.0 };
        field.collide();
        assert_eq!(gems(&field), [1, 3]);
        field.birds[1].speed = Point { x: -100.0, y: 0.0 };
        field.collide();
        assert_eq!(gems(&field), [1, 3]);
        assert!(field.birds[0].speed.x < 0.0 && field.birds[1].speed.x > 0.0);
    }

    #[test]
    fn enough_gems_win_and_after_a_while_all_begin_anew() {
        let mut field = field(&[(500.0, 500.0, TO_WIN), (100.0, 100.0, 3)]);
        field.tick();
        assert_eq!(field.scene().winner, Some(1));
        for _ in 0..CELEBRATION {
            field.tick();
        }
        assert_eq!((field.scene().winner, gems(&field)), (None, vec![0, 0]));
    }
}
