import classes from "./CodeBlock.module.css";
import { CopyButton } from "./CopyButton";

/** Text in a fixed font that scrolls in itself, with a button that copies it. */
export function CodeBlock(props: { text: string; label: string; maxHeight?: string }) {
  const { text, label, maxHeight } = props;
  return (
    <div className={classes.frame}>
      <div className={classes.actions}>
        <CopyButton text={text} label={label} />
      </div>
      <section
        className={classes.text}
        style={{ maxHeight }}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
        tabIndex={0}
        aria-label={label}
      >
        <pre>{text}</pre>
      </section>
    </div>
  );
}
