// Symbols of as many kinds as Rust has: generics over types, lifetimes and constants, closures in closures, methods of
// traits by type and by table, functions in functions, names that are not ASCII, drop glue, shims, types of every sort.
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};

mod straße {
    pub mod größe {
        #[inline(never)]
        pub fn länge(s: &str) -> usize {
            s.chars().filter(|c| c.is_alphabetic()).count()
        }
    }
}

trait Shape {
    const SIDES: usize;
    fn area(&self) -> f64;
    #[inline(never)]
    fn twice(&self) -> f64 {
        self.area() * 2.0
    }
}

trait Named {
    fn name(&self) -> String;
}

struct Square<'a>(f64, &'a str);
struct Ring<T, const N: usize>([T; N]);
struct Late<F: FnMut(u32) -> u32>(F);
struct Noisy(String);

impl Shape for Square<'_> {
    const SIDES: usize = 4;
    #[inline(never)]
    fn area(&self) -> f64 {
        self.0 * self.0 + self.1.len() as f64
    }
}

impl<T: Copy + Into<f64>, const N: usize> Shape for Ring<T, N> {
    const SIDES: usize = N;
    #[inline(never)]
    fn area(&self) -> f64 {
        self.0.iter().map(|&x| x.into()).fold(0.0, |a, b: f64| a + b * N as f64)
    }
}

impl<S: Shape> Named for S {
    #[inline(never)]
    fn name(&self) -> String {
        format!("{} of {} sides, {}", std::any::type_name::<S>(), S::SIDES, self.twice())
    }
}

impl<F: FnMut(u32) -> u32> Late<F> {
    #[inline(never)]
    fn run(&mut self, n: u32) -> u32 {
        (0..n).map(|i| (self.0)(i)).fold(0, u32::wrapping_add)
    }
}

impl Drop for Noisy {
    #[inline(never)]
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

impl Display for Noisy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[inline(never)]
        fn inner<T: AsRef<str>>(text: T) -> usize {
            text.as_ref().len()
        }
        write!(f, "{}", inner(&self.0))
    }
}

#[inline(never)]
fn constant<const C: char, const B: bool, const I: i8>() -> String {
    format!("{C}{B}{I}")
}

#[inline(never)]
fn of<T: ?Sized>() -> String {
    std::any::type_name::<T>().to_uppercase()
}

#[inline(never)]
fn made(k: u32) -> impl FnMut(u32) -> u32 {
    let mut seen = HashMap::new();
    move |i| {
        let add = |x: u32| x.wrapping_mul(k) ^ i;
        *seen.entry(i % 7).and_modify(|v| *v = add(*v)).or_insert_with(|| add(i))
    }
}

#[inline(never)]
extern "C" fn foreign(x: &u8) -> usize {
    *x as usize
}

type Borrowing = dyn for<'a, 'b> Fn(&'a str, &'b str) -> &'a str + Send;

fn main() {
    let ring = Ring([0.5f32; 9]);
    let shapes: Vec<Box<dyn Named>> = vec![Box::new(Square(2.0, "a")), Box::new(Ring([1u8, 2, 3])), Box::new(ring)];
    for s in &shapes {
        println!("{}", s.name());
    }
    println!("{}", Late(made(3)).run(1000));
    println!("{} {}", constant::<'é', true, -5>(), constant::<'\n', false, 7>());
    let mut many: BTreeMap<String, Vec<Noisy>> = BTreeMap::new();
    for i in 0..3 {
        many.entry(format!("k{i}")).or_default().push(Noisy(format!("n{i}")));
    }
    println!("{}", many["k1"][0]);
    let call: Box<dyn Fn(&u8) -> usize + Send> = Box::new(|x| foreign(x) + 1);
    println!("{} {}", call(&3), straße::größe::länge("Fußgängerübergänge"));
    println!("{} {}", of::<fn(&u8) -> bool>(), of::<Borrowing>());
    println!("{} {}", of::<(u8, (), [i16; 3], &mut str, &[char])>(), of::<unsafe extern "C" fn(*mut u8, *const f32)>());
    println!("{} {}", of::<dyn Iterator<Item = Option<i128>> + Sync>(), of::<<Vec<u64> as IntoIterator>::IntoIter>());
}
