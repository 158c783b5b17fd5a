/** What a drop carries: its files, and whether there were folders, which cannot be sent. */
export function droppedFiles(data: DataTransfer | null): { files: File[]; folders: boolean } {
  if (!data) return { files: [], folders: false };
  const items = [...data.items].filter(({ kind }) => kind === 'file');
  const isFolder = items.map((item) => item.webkitGetAsEntry?.()?.isDirectory ?? false);
  const files = items.flatMap((item, index) => {
    const file = isFolder[index] ? null : item.getAsFile();
    return file ? [file] : [];
  });
  return { files, folders: isFolder.includes(true) };
}
