//! Timers as handlers see them: what `after` gives, and what can be done with it, and `busy`.
//!
//! Owns their numbers, which no two timers of a process share. Never waits: the node does.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rhai::{Dynamic, Engine, ImmutableString};

use super::call_context::{CallContext, Refusal};
use super::effect::Effect;
use super::encode::kind_of;
use super::operand::Answer;
use crate::duration::{from_millis, parse_duration};

/// A timer of `after`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Timer {
    number: u64,
    delay: Duration,
    name: ImmutableString,
}

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, context: &Rc<CallContext>) {
    engine
        .register_type_with_name::<Timer>("timer")
        .register_fn("to_string", |timer: &mut Timer| timer.shown())
        .register_fn("to_debug", |timer: &mut Timer| timer.shown())
        .register_fn("==", |one: Timer, other: Timer| one == other)
        .register_fn("!=", |one: Timer, other: Timer| one != other);
    let at = Rc::clone(context);
    engine.register_fn("after", move |delay: Dynamic, name: &str| -> Answer<Timer> {
        Ok(after(&at, &delay, name)?)
    });
    let at = Rc::clone(context);
    engine.register_fn("cancel", move |timer: Dynamic| -> Answer<()> {
        // What a state held before its node moved to another thread is over.
        if timer.is_unit() {
            return Ok(());
        }
        let Timer { number, .. } = known("cancel", &timer)?;
        Ok(at.push(Effect::Cancel { timer: number })?)
    });
    let at = Rc::clone(context);
    engine.register_fn("reset", move |timer: Dynamic| -> Answer<()> {
        Ok(known("reset", &timer)?.begin(&at)?)
    });
    let at = Rc::clone(context);
    engine.register_fn("busy", move |time: Dynamic| -> Answer<()> {
        at.view()?;
        Ok(at.push(Effect::Busy { time: delay_of(&time)? })?)
    });
}

impl Timer {
    fn begin(&self, context: &CallContext) -> Result<(), Refusal> {
        let (timer, delay, name) = (self.number, self.delay, self.name.to_string());
        context.push(Effect::After { timer, delay, name })
    }

    fn shown(&self) -> String {
        format!("timer {:?}", &*self.name)
    }
}

fn known(function: &str, timer: &Dynamic) -> Result<Timer, Refusal> {
    let known = timer.read_lock::<Timer>().map(|timer| timer.clone());
    known.ok_or_else(|| {
        format!("{function} takes the timer that `after` gave; this is {}", kind_of(timer))
    })
}

fn after(context: &CallContext, delay: &Dynamic, name: &str) -> Result<Timer, Refusal> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let view = context.view()?;
    if !view.has_timer {
        return Err(format!(
            "after(…, {name:?}) calls on_timer({name:?}), and this node has no on_timer"
        ));
    }
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let timer = Timer { number, delay: delay_of(delay)?, name: name.into() };
    timer.begin(context)?;
    Ok(timer)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no duration needs more than 52 bits of milliseconds"
)]
pub(super) fn delay_of(value: &Dynamic) -> Result<Duration, Refusal> {
    let parsed = if let Ok(millis) = value.as_int() {
        from_millis(millis as f64)
    } else if let Ok(millis) = value.as_float() {
        from_millis(millis)
    } else if let Some(text) = value.read_lock::<ImmutableString>() {
        parse_duration(&text)
    } else {
        return Err(format!(
            "a duration is a text such as \"10ms\" or a number of milliseconds; this is {}",
            kind_of(value)
        ));
    };
    parsed.map_err(|error| error.to_string())
}
